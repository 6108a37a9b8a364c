"""A bench is a folder: its settings, a folder per cell, one memo for all, the table."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hswarm.bench import outcome
from hswarm.bench.config import BenchConfig, Cell
from hswarm.bench.outcome import CellResult
from hswarm.catalog import read_yaml
from hswarm.config import merge, to_yaml, validated
from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.changes import refuse_other_content
from hswarm.store.disk import explained, replace_file
from hswarm.store.journal import Journal, read_journal
from hswarm.store.lock import Lock
from hswarm.store.run import BILLS

CONFIG: Final = "bench.yaml"
MEMO: Final = "memo.sqlite"
_RUN: Final = "run"
_PROVENANCE: Final = "provenance.json"


class BenchFolder:
    """A bench held by this process, from creation until `close`."""

    def __init__(self, path: Path, config: BenchConfig) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.config = config
        self._lock = Lock(path)
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
    def open(cls, path: Path, *, max_dollars: float | None = None) -> BenchFolder:
        """Take up the bench in `path`, with more dollars if so many are given.

        HswarmError if there is none, if it is held, or if the dollars are fewer than they were.
        """
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
        self._lock.release()

    def pin(self, what: str, fingerprint: str) -> None:
        """Refuse a pool or task that is not what cells of this bench were done with before."""
        pin(self.path, what, fingerprint)

    def append_bill(self, bill: Mapping[str, Any]) -> None:
        """Note what a call cost, as soon as that is known."""
        if self._bills is None:
            self._bills = Journal(self.path / BILLS)
        self._bills.append(bill)

    def read_bills(self) -> Iterator[dict[str, Any]]:
        """Yield what was paid for the bench so far, call by call."""
        return read_journal(self.path / BILLS)

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

    def forget_failure(self, cell: Cell) -> None:
        """Have a failed cell done anew, from its beginning."""
        with explained(self._of(cell)):
            shutil.rmtree(self._of(cell), ignore_errors=True)

    def _of(self, cell: Cell) -> Path:
        task, method = (
            re.sub(r"[^A-Za-z0-9._@-]+", "-", name).strip("-.") for name in (cell.task, cell.method)
        )
        return self.path / "cells" / task / method / f"seed-{cell.seed}"


def pin(folder: Path, what: str, fingerprint: str) -> None:
    """Refuse a pool or task that is not what runs in `folder` were done with before."""
    path = folder / _PROVENANCE
    with explained(path):
        before = values.loads(path.read_bytes()) if path.is_file() else {}
    refuse_other_content(folder, {"fingerprints": before}, {what: fingerprint})
    if what not in before:
        outcome.write_json(path, {**before, what: fingerprint})
