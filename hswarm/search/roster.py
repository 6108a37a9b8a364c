"""Who can sit in a node: experts, which a weight swarm moves, and agents that stay as they are.

Everybody has a number. First come the experts, family by family, then those who are frozen: a node
of a graph for each. A family's swarm may hold more particles than experts; they are numbered after
all of these and sit in nodes only where the weight-step tries them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hswarm.agents.agent import Sitter
from hswarm.agents.ensemble import Ensemble
from hswarm.agents.opened import OpenPool
from hswarm.engines.request import Blend
from hswarm.experts.mixture import Mixture

FloatMatrix = NDArray[np.float64]
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Experts:
    """Experts that are blended with each other: their family's fingerprint, names by column."""

    family: str
    names: tuple[str, ...]
    label: str = ""
    """What tells the family from others, "" if it is the only one that moves."""
    columns: tuple[int, ...] = ()
    """Where only some of the family are searched over, or some several times: the column of the
    family that each stands for; () if each stands for its own."""
    everybody: tuple[str, ...] = ()
    """The names by column of the family, where `columns` are not its own."""
    mixture: Mixture | None = field(default=None, repr=False)
    """Where they are of several families and their tokens are mixed, not their weights."""

    def model(self, row: Row) -> Blend:
        """Return who answers with these coefficients, by column of the experts; () is the base."""
        whole = self.spread(row) if row else row
        if self.mixture is not None:
            return Blend(*self.mixture.locate(whole))
        return Blend(self.family, whole)

    def spread(self, row: Row) -> Row:
        """Return coefficients by column of the whole family."""
        if not self.columns:
            return row
        whole = [0.0] * len(self.everybody)
        for column, coefficient in zip(self.columns, row, strict=True):
            whole[column] += coefficient
        return tuple(whole)

    def __len__(self) -> int:
        return len(self.names)

    def name_particle(self, particle: int) -> str:
        """Name a position of the weight swarm: the expert that it started as, or "mix k"."""
        if particle < len(self):
            return self.names[particle]
        return f"{self.label} mix {particle + 1}".strip()


@dataclass(frozen=True, slots=True)
class Frozen:
    """An agent that no swarm moves: a lone expert, a remote model, a tool."""

    name: str
    model: Sitter
    made: bool = False
    """Whether it is none of the pool's but was made in the run."""
    members: tuple[str, ...] = ()
    """Of an ensemble: the agents that answer as one."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a number stands for: a particle of a family's swarm, or the k-th of the frozen."""

    family: int | None
    place: int


@dataclass(frozen=True, slots=True)
class Roster:
    """The agents that a search is over; see the module. `len` is the number of nodes.

    `particles` is the number of positions in each family's swarm; None is one per expert.
    """

    families: tuple[Experts, ...]
    frozen: tuple[Frozen, ...] = ()
    particles: int | None = None
    seats: tuple[Seat, ...] = field(init=False, repr=False, compare=False)
    """By number: the agents, then further particles."""

    def __post_init__(self) -> None:
        experts = [Seat(f, k) for f, family in enumerate(self.families) for k in range(len(family))]
        frozen = [Seat(None, k) for k in range(len(self.frozen))]
        further = [
            Seat(f, k)
            for f, family in enumerate(self.families)
            for k in range(len(family), self.particles or 0)
        ]
        object.__setattr__(self, "seats", (*experts, *frozen, *further))

    @classmethod
    def of(cls, pool: OpenPool, particles: int | None) -> Self:
        """Return the roster of a pool. A family of one is frozen: there is no other to mix."""
        if pool.mixtures:
            return cls(
                families=tuple(
                    Experts(mixture.fingerprint, mixture.names, mixture=mixture)
                    for mixture in pool.mixtures
                ),
                frozen=tuple(Frozen(name, reference) for name, reference in pool.others.items()),
                particles=particles,
            )
        moving = [family for family in pool.families if len(family) > 1]
        lone = [family for family in pool.families if len(family) == 1]
        return cls(
            families=tuple(
                Experts(
                    family.fingerprint,
                    family.names,
                    family.name if len(moving) > 1 else "",
                )
                for family in moving
            ),
            frozen=(
                *(Frozen(f.experts[0].name, Blend(f.fingerprint, (1.0,))) for f in lone),
                *(Frozen(name, reference) for name, reference in pool.others.items()),
            ),
            particles=particles,
        )

    def select(self, agents: Sequence[int], particles: int | None) -> Roster:
        """Return the roster of some of these agents, by number; one may be there several times.

        The second of an expert is called "name 2"; who is frozen is the same however often.
        """
        told: Counter[int] = Counter()
        by_family: dict[int | None, list[tuple[str, int]]] = {}
        for agent in agents:
            told[agent] += 1
            name = self.name(agent) if told[agent] == 1 else f"{self.name(agent)} {told[agent]}"
            seat = self.seats[agent]
            by_family.setdefault(seat.family, []).append((name, seat.place))
        families = tuple(
            replace(
                experts,
                names=tuple(name for name, _ in by_family[number]),
                columns=tuple(place for _, place in by_family[number]),
                everybody=experts.names,
            )
            for number, experts in enumerate(self.families)
            if number in by_family
        )
        frozen = tuple(self.frozen[place] for _, place in by_family.get(None, ()))
        return Roster(families, frozen, particles)

    def __len__(self) -> int:
        return sum(map(len, self.families)) + len(self.frozen)

    @property
    def names(self) -> tuple[str, ...]:
        """The agents' names, by number."""
        return tuple(self.name(agent) for agent in range(len(self)))

    def numbers(self, family: int) -> list[int]:
        """Return the numbers of a family's particles, in the order of its swarm."""
        return [number for number, seat in enumerate(self.seats) if seat.family == family]

    def name(self, agent: int) -> str:
        """Return what an agent is called."""
        seat = self.seats[agent]
        if seat.family is None:
            return self.frozen[seat.place].name
        return self.families[seat.family].name_particle(seat.place)

    def model(self, agent: int, row: Row) -> Sitter:
        """Return who answers in an agent's node; `row` is its coefficients, () of a frozen one."""
        seat = self.seats[agent]
        if seat.family is None:
            return self.frozen[seat.place].model
        return self.families[seat.family].model(row)

    def coefficients(self, agent: int, row: Row) -> dict[str, float]:
        """Return expert -> coefficient, exact zeros left out; nothing of what is no blend."""
        seat = self.seats[agent]
        if seat.family is not None:
            experts = self.families[seat.family]
            names, whole = experts.everybody or experts.names, experts.spread(row)
            return {name: c for name, c in zip(names, whole, strict=True) if c != 0.0}
        frozen = self.frozen[seat.place]
        return {frozen.name: 1.0} if isinstance(frozen.model, Blend) else {}

    def made(self, agent: int) -> str | None:
        """Return the fingerprint of an agent that was made in the run, None of all others."""
        seat = self.seats[agent]
        frozen = self.frozen[seat.place] if seat.family is None else None
        if frozen is None or not frozen.made or not isinstance(frozen.model, Blend):
            return None
        return frozen.model.family

    def ensemble(self, agent: int) -> tuple[tuple[str, ...], str | None]:
        """Return the members of an ensemble and its rule; nothing of all others."""
        seat = self.seats[agent]
        frozen = self.frozen[seat.place] if seat.family is None else None
        if frozen is None or not isinstance(frozen.model, Ensemble):
            return (), None
        return frozen.members, frozen.model.rule

    def rows(self, positions: Sequence[FloatMatrix]) -> list[Row]:
        """Return everybody's row, by number, with each family's swarm at its N×n `positions`."""
        return [
            () if seat.family is None else tuple(map(float, positions[seat.family][seat.place]))
            for seat in self.seats
        ]

    def original_rows(self) -> list[Row]:
        """Return the rows of the agents as they came: each expert is itself."""
        return [
            ()
            if seat.family is None
            else tuple(float(k == seat.place) for k in range(len(self.families[seat.family])))
            for seat in self.seats[: len(self)]
        ]
