"""Where experts are made that are no blend of the pool's: merged by other rules, or trained.

A made expert is a family of one on the base of those it is made of. So it is named by its content
as any expert is, its rank may be another than theirs, and it is answered for, kept, exported and
served like the rest. It lies in PEFT's format in the run's folder under `experts/`; one that is
there already is not made again, so that an interrupted run goes on with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol, Self

from hswarm.agents.opened import OpenPool
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.experts.blend import ExpertStack, stack_experts
from hswarm.experts.family import Family, open_sibling
from hswarm.search.result import Node
from hswarm.search.roster import Frozen, Roster
from hswarm.store.lock import Lock

FOLDER = "experts"
"""Where made experts lie in a run's folder."""


class Host(Protocol):
    """An engine that can take on families, and let go of them."""

    def check_adopting(self, beside: str) -> None:
        """Raise HswarmError if no family can be taken on beside the family `beside`."""
        ...

    def adopt(self, family: Family, beside: str) -> None:
        """Answer for `family`, on the base that the family `beside` has loaded."""
        ...

    def dismiss(self, fingerprint: str) -> None:
        """Let go of a family that was adopted."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """An expert that was made: its family of one, and on whose base."""

    family: Family
    beside: str

    @property
    def agent(self) -> Frozen:
        """The expert as somebody who can sit in a node."""
        return Frozen(self.family.name, Blend(self.family.fingerprint, (1.0,)), made=True)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.family.experts[0].folder


@dataclass(slots=True)
class Workshop:
    """Makes experts of the pool's `families`, below `folder`, for `engine` to answer for."""

    families: dict[str, Family]
    """By fingerprint."""
    folder: Path
    engine: Host
    device: str = "auto"
    """Where what is made is made."""
    common: Path | None = None
    """Where runs on the same pool keep what comes out the same whatever the task."""
    _stacks: dict[str, ExpertStack] = field(default_factory=dict)

    @classmethod
    def of(
        cls, pool: OpenPool, folder: Path, engine: Host, device: str, common: Path | None = None
    ) -> Self:
        """Return the workshop of a run on `pool`."""
        families = {family.fingerprint: family for family in pool.families}
        return cls(families, folder, engine, device, common)

    def family_of(self, roster: Roster, expert: int) -> Family:
        """Return the family that an agent (its number) is an expert of."""
        seat = roster.seats[expert]
        assert seat.family is not None, "somebody whose weights can be moved"
        return self.families[roster.families[seat.family].family]

    def check(self, roster: Roster, expert: int) -> None:
        """Raise HswarmError where what is made on an agent's base could not be answered for."""
        self.engine.check_adopting(self.family_of(roster, expert).fingerprint)

    def stack(self, family: Family) -> ExpertStack:
        """Return the experts of a family, loaded once."""
        if family.fingerprint not in self._stacks:
            self._stacks[family.fingerprint] = stack_experts(family)
        return self._stacks[family.fingerprint]

    def make(
        self, name: str, family: Family, write: Callable[[Path], None], common: str | None = None
    ) -> Made:
        """Return the expert `name` on the base of `family`; `write` writes it to a new folder.

        What comes out the same whatever the task has a name in `common`, under which it is made
        once for all runs on the pool; each gets a copy.
        """
        place = self.folder / name
        if common is not None and self.common is not None:
            original = self.common / common
            original.parent.mkdir(parents=True, exist_ok=True)
            # Another run may be making it: that takes what making takes.
            with Lock(original.parent, f"{original.name}.lock", patience=inf):
                _complete(original, write)
            write = partial(shutil.copytree, original)
        _complete(place, write)
        return Made(open_sibling(family, name, place), family.fingerprint)

    def take_on(self, made: Made) -> None:
        """Have the engine answer for an expert."""
        self.engine.adopt(made.family, made.beside)

    def let_go(self, made: Made) -> None:
        """Have the engine forget an expert; its files stay."""
        self.engine.dismiss(made.family.fingerprint)

    def discard(self, made: Made) -> None:
        """Remove an expert's files."""
        shutil.rmtree(made.folder)


def _complete(place: Path, write: Callable[[Path], None]) -> None:
    """Have `write` write `place`, if it is not there; it gets its name when it is complete."""
    if not place.exists():
        part = place.with_name(f"{place.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.rename(place)


def open_found(
    nodes: Sequence[Node], families: Sequence[Family], folder: Path
) -> tuple[Family, ...]:
    """Open the experts among `nodes` that were made in a run, each a family of one.

    `families` are the pool's, `folder` is where the run's made experts lie. HswarmError where one
    is not there any more, or is not what it was.
    """
    made = {node.agent: node.made for node in nodes if node.made is not None}
    opened: list[Family] = []
    for name, fingerprint in made.items():
        # By content: the base may lie elsewhere than when the expert was made.
        siblings = (open_sibling(family, name, folder / name) for family in families)
        same = next((one for one in siblings if one.fingerprint == fingerprint), None)
        if same is None:
            raise HswarmError(
                f"The expert in {folder / name} is not the one that the run found.",
                hint="Restore it and its base, or start a new run.",
            )
        opened.append(same)
    return tuple(opened)
