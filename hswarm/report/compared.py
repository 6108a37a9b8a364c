"""Several runs as a comparison sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hswarm.report.opened import OpenedRun, open_run
from hswarm.store.changes import differences

Varied = dict[str, Any]

_INCIDENTAL = ("engine.",)
"""Settings that change where a run computes and not what."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A run and in what its settings differ from those of the others."""

    run: OpenedRun
    settings: Varied
    """Dotted key -> value, for every key in which any two of the runs differ."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.run.record.name

    @property
    def utility(self) -> float:
        """Of the found system on test; NaN if nothing could be scored."""
        utility = self.run.result.found.test.utility
        return float("nan") if utility is None else utility

    def rest(self, *without: str) -> tuple[tuple[str, str], ...]:
        """Return its differing settings but some: runs with equal ones differ in those alone."""
        left = {k: v for k, v in self.settings.items() if not k.startswith(without)}
        return tuple(sorted((k, repr(v)) for k, v in left.items()))


def open_compared(folders: Sequence[Path]) -> list[Compared]:
    """Open runs and find in what they differ; HswarmError if one is not finished or not whole."""
    runs = [open_run(folder) for folder in folders]
    settings = [run.record.config.model_dump(mode="json") for run in runs]
    keys = sorted({d.key for other in settings[1:] for d in differences(settings[0], other)})
    return [
        Compared(run, {key: _at(values, key) for key in keys if not key.startswith(_INCIDENTAL)})
        for run, values in zip(runs, settings, strict=True)
    ]


def _at(settings: Any, key: str) -> Any:
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, dict) else None
    return settings


def grouped(runs: Sequence[Compared], *without: str) -> list[list[Compared]]:
    """Return the runs in groups that differ in nothing but what is named, at least two in each."""
    groups: dict[tuple[tuple[str, str], ...], list[Compared]] = {}
    for run in runs:
        groups.setdefault(run.rest(*without), []).append(run)
    return [group for group in groups.values() if len(group) > 1]
