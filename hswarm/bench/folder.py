"""A bench is a folder: its settings, a folder per cell, one memo for all, the table."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hswarm.bench import outcome
from hswarm.bench.config import BenchConfig, Cell, cells_of
from hswarm.bench.outcome import CellResult
from hswarm.catalog import read_yaml
from hswarm.config import merge, to_yaml, validated
from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.changes import refuse_other_content
from hswarm.store.disk import explained, replace_file
from hswarm.store.journal import Journal, read_journal
from hswarm.store.lock import Lock, take
from hswarm.store.run import BILLS

CONFIG: Final = "bench.yaml"
MEMO: Final = "memo.sqlite"
_RUN: Final = "run"
_PROVENANCE: Final = "provenance.json"
_PATIENCE: Final = 60.0
"""Seconds that one process waits while another writes."""


class BenchFolder:
    """A bench, at which several processes may be at work; one whose dollars are limited is one's.

    HswarmError if such a one is another process's.
    """

    def __init__(self, path: Path, config: BenchConfig) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.config = config
        self._lock = Lock(path) if is_limited(config) else None
        self._bills: Journal | None = None

    @classmethod
    def create(cls, path: Path, config: BenchConfig) -> BenchFolder:
        """Begin a bench in `path`; HswarmError if it holds anything."""
        if path.exists() and any(path.iterdir()):
            what = "a bench" if (path / CONFIG).is_file() else "something"
            raise HswarmError(
                f"{path} already holds {what}.",
                hint=f"Go on with a bench by `hswarm bench --resume {path}`, or choose another.",
            )
        with explained(path):
            path.mkdir(parents=True, exist_ok=True)
        replace_file(path / CONFIG, to_yaml(config).encode())
        return cls(path, config)

    @classmethod
    def open(
        cls, path: Path, *, max_dollars: float | None = None, retry: bool = False
    ) -> BenchFolder:
        """Take up the bench in `path`, or take part in it, with more dollars if so many are given.

        With `retry`, cells that failed are to be done again. HswarmError if there is no bench, or
        if the dollars are fewer than they were.
        """
        folder = cls._opened(path, max_dollars)
        if retry:
            folder._forget_failures()
        return folder

    @classmethod
    def _opened(cls, path: Path, max_dollars: float | None) -> BenchFolder:
        if not (path / CONFIG).is_file():
            raise HswarmError(f"There is no bench in {path}.", hint="It would hold a bench.yaml.")
        config = validated(BenchConfig, read_yaml(path / CONFIG), str(path / CONFIG))
        if max_dollars is None:
            return cls(path, config)
        before = config.settings.get("budget", {}).get("max_dollars")
        if before is None or max_dollars < before:
            raise HswarmError(
                f"The bench may spend {'any number of' if before is None else before} dollars.",
                hint="They can be raised, not lowered.",
            )
        settings = merge(config.settings, {"budget": {"max_dollars": max_dollars}})
        folder = cls(path, config.model_copy(update={"settings": settings}))
        replace_file(path / CONFIG, to_yaml(folder.config).encode())
        return folder

    def close(self) -> None:
        """Let go of the bench."""
        if self._bills is not None:
            self._bills.close()
        if self._lock is not None:
            self._lock.release()

    def pin(self, what: str, fingerprint: str) -> None:
        """Refuse a pool or task that is not what cells of this bench were done with before."""
        pin(self.path, what, fingerprint)

    def append_bill(self, bill: Mapping[str, Any]) -> None:
        """Note what a call cost, as soon as that is known."""
        if self._bills is None:
            # A journal has one writer.
            self._bills = Journal(self.path / f"{Path(BILLS).stem}-{os.getpid()}.jsonl")
        self._bills.append(bill)

    def read_bills(self) -> Iterator[dict[str, Any]]:
        """Yield what was paid for the bench so far, call by call."""
        for path in sorted(self.path.glob(f"{Path(BILLS).stem}*.jsonl")):
            yield from read_journal(path)

    @property
    def memo(self) -> Path:
        """Where all cells' answers lie."""
        return self.path / MEMO

    def run(self, cell: Cell) -> Path:
        """Return the folder of the run that a cell is."""
        return self._of(cell) / _RUN

    def result(self, cell: Cell) -> CellResult | None:
        """Return what a cell found, None if it is not done; HswarmError if it is damaged."""
        return outcome.read_result(self._of(cell))

    def failure(self, cell: Cell) -> str | None:
        """Return why a cell failed, None if it has not."""
        return outcome.read_failure(self._of(cell))

    def write_result(self, cell: Cell, result: CellResult) -> None:
        """Keep what a cell found."""
        outcome.write_result(self._of(cell), result)

    def write_failure(self, cell: Cell, error: str) -> None:
        """Keep why a cell failed; it is not tried again unless asked."""
        outcome.write_failure(self._of(cell), error)

    def take(self, cell: Cell) -> Lock | None:
        """Return the right to do a cell; None if it is done, has failed or is another process's.

        HswarmError if what it found is damaged.
        """
        lock = None if self._is_ended(cell) else take(self._of(cell))
        if lock is not None and self._is_ended(cell):  # since it was looked at
            lock.release()
            return None
        return lock

    def ended(self) -> int:
        """Return how many cells are done or have failed."""
        return sum(outcome.is_ended(self._of(cell)) for cell in cells_of(self.config))

    def _is_ended(self, cell: Cell) -> bool:
        return self.result(cell) is not None or self.failure(cell) is not None

    def _forget_failures(self) -> None:
        for cell in cells_of(self.config):
            if self.failure(cell) is not None and (lock := take(self._of(cell))) is not None:
                with lock:
                    shutil.rmtree(self.run(cell), ignore_errors=True)
                    outcome.forget_failure(self._of(cell))

    def _of(self, cell: Cell) -> Path:
        task, method = (
            re.sub(r"[^A-Za-z0-9._@-]+", "-", name).strip("-.") for name in (cell.task, cell.method)
        )
        return self.path / "cells" / task / method / f"seed-{cell.seed}"


def pin(folder: Path, what: str, fingerprint: str) -> None:
    """Refuse a pool or task that is not what runs in `folder` were done with before."""
    path = folder / _PROVENANCE
    with Lock(folder, f"{_PROVENANCE}.lock", patience=_PATIENCE):
        with explained(path):
            before = values.loads(path.read_bytes()) if path.is_file() else {}
        refuse_other_content(folder, {"fingerprints": before}, {what: fingerprint})
        if what not in before:
            outcome.write_json(path, {**before, what: fingerprint})


def is_limited(config: BenchConfig) -> bool:
    """Return whether a bench may spend only so many dollars, which one process counts."""
    return "max_dollars" in config.settings.get("budget", {})
