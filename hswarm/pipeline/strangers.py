"""Who answers in a pipeline without being in its folder: models behind an API, programs, addresses.

A folder that came from somebody else must not have this machine call an address, hand out a key or
start a program unasked. So strangers are asked only where whoever opens the folder says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hswarm.agents.opened import OpenPool
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.tools.entry import AnyTool, CalculatorEntry
from hswarm.errors import HswarmError


@dataclass(frozen=True, slots=True)
class Stranger:
    """An agent that is not in the folder."""

    name: str
    entry: Endpoint | AnyTool

    @property
    def missing(self) -> list[str]:
        """The environment variables that it takes and that are not set."""
        return [variable for variable in self.entry.secrets if not os.environ.get(variable)]

    def __str__(self) -> str:
        given = " and ".join(self.entry.secrets)
        return f"{self.name} ({self.entry.about}{f', given {given}' if given else ''})"


def find_strangers(pool: OpenPool) -> list[Stranger]:
    """Return who of a pipeline's agents is not in its folder; a calculator reads, and no more."""
    entries: dict[str, Endpoint | AnyTool] = {**pool.remote, **pool.tools}
    return [
        Stranger(name, entry)
        for name, entry in entries.items()
        if not isinstance(entry, CalculatorEntry)
    ]


def refuse_strangers(folder: Path, pool: OpenPool) -> None:
    """Raise HswarmError where the pipeline in `folder` asks anybody who is not in it."""
    strangers = find_strangers(pool)
    if strangers:
        raise HswarmError(
            f"{folder} asks who is not in it: {', '.join(map(str, strangers))}.",
            hint="If you trust whoever it comes from, add --trust (in Python: trust=True).",
        )
