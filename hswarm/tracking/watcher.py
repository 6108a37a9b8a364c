"""The one interface by which a run is followed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hswarm.config import RunConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import Event
from hswarm.search.result import Result
from hswarm.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known when a run begins."""

    folder: Path
    task: Task
    config: RunConfig
    agents: int
    """How many there are in the pool."""
    usage: Usage
    """Its counters go on while the run does."""


class Watcher(Protocol):
    """Follows a run. Watching never changes a result."""

    def begin(self, beginning: Beginning, /) -> None:
        """Take in what is being done; the search follows."""
        ...

    def observe(self, event: Event, /) -> None:
        """Take in an event of the search."""
        ...

    def end(self, result: Result, /) -> None:
        """Take in what was found."""
        ...
