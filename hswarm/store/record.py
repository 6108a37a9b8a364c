"""Runs as a person looks at them, whoever is at work on them: nothing here takes a lock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from hswarm.config import RunConfig
from hswarm.errors import HswarmError
from hswarm.store.journal import read_journal
from hswarm.store.lock import is_held
from hswarm.store.run import (
    JOURNAL,
    TIMINGS,
    is_run,
    read_config,
    read_provenance,
    read_result,
)
from hswarm.store.state import newest_state

Status = Literal["running", "finished", "interrupted"]


@dataclass(frozen=True, slots=True)
class Record:
    """A run as it stood when it was looked at."""

    folder: Path
    config: RunConfig
    provenance: dict[str, Any]
    status: Status
    utility: float | None
    """The best so far of a run that is not finished; None before the first state."""
    started: datetime | None
    result: dict[str, Any] | None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the journal's events; the last ones may happen again if the run is resumed."""
        return read_journal(self.folder / JOURNAL)


def read_run(folder: Path) -> Record:
    """Look at the run in `folder`; HswarmError if there is none or its settings are damaged."""
    config = read_config(folder)
    result = read_result(folder)
    status: Status = "finished" if result is not None else "interrupted"
    # A finished run is read whoever wrote it; only what goes on needs a state that fits.
    state = newest_state(folder) if result is None else None
    return Record(
        folder=folder,
        config=config,
        provenance=read_provenance(folder),
        status="running" if is_held(folder) else status,
        utility=state.utility if state is not None and math.isfinite(state.utility) else None,
        started=_started(folder),
        result=result,
    )


def list_runs(root: Path) -> tuple[list[Record], list[str]]:
    """Look at every run in `root`, oldest first; and say, a line each, which cannot be read."""
    records, notes = [], []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if not is_run(folder):
            continue
        try:
            records.append(read_run(folder))
        except HswarmError as error:
            notes.append(str(error))
    unknown = datetime.min.replace(tzinfo=UTC)
    records.sort(key=lambda record: (record.started or unknown, record.name))
    return records, notes


def _started(folder: Path) -> datetime | None:
    with suppress(HswarmError, KeyError, ValueError, TypeError):
        return datetime.fromisoformat(next(read_journal(folder / TIMINGS), {})["time"])
    return None
