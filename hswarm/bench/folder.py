"""A bench is a folder: its settings, a folder per cell, one memo for all, the table."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from hswarm.bench.config import BenchConfig, Cell
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
_RESULT: Final = "cell.json"
_FAILURE: Final = "failed.json"
_RUN: Final = "run"
_PROVENANCE: Final = "provenance.json"


class CellResult(BaseModel):
    """What a cell found and how it did on every test item. The same however it was interrupted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    """With where its data is from, as "gaia-text (bundled)"."""
    fingerprint: str
    """Of the task."""
    metric: str
    method: str
    seed: int
    dev: float | None
    test: float | None
    items: tuple[str, ...]
    scores: tuple[float | None, ...]
    """One per test item; None where it could not be scored."""
    parts: tuple[str, ...]
    """The task that each item is from where several make up one, else ""."""
    failures: tuple[str, ...]
    evaluations: int = 0
    """Systems run on all dev items to find this one."""
    generated_tokens: int
    """What the method would have had to generate by itself, its test included."""


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
        path = self.path / _PROVENANCE
        with explained(path):
            before = values.loads(path.read_bytes()) if path.is_file() else {}
        refuse_other_content(self.path, {"fingerprints": before}, {what: fingerprint})
        if what not in before:
            self._write(path, {**before, what: fingerprint})

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
        path = self._of(cell) / _RESULT
        if not path.is_file():
            return None
        with explained(path):
            content = path.read_bytes()
        try:
            return CellResult.model_validate(values.loads(content))
        except (ValueError, ValidationError):
            raise HswarmError(
                f"{path} is damaged.", hint="Remove it; the cell is then done again."
            ) from None

    def failure(self, cell: Cell) -> str | None:
        """Return why a cell failed, None if it has not."""
        path = self._of(cell) / _FAILURE
        if not path.is_file():
            return None
        with explained(path):
            content = path.read_bytes()
        try:
            return str(values.loads(content)["error"])
        except (ValueError, KeyError, TypeError):
            return "it failed, and the reason is lost"

    def write_result(self, cell: Cell, result: CellResult) -> None:
        """Keep what a cell found."""
        self._write(self._of(cell) / _RESULT, result.model_dump(mode="json"))
        (self._of(cell) / _FAILURE).unlink(missing_ok=True)

    def write_failure(self, cell: Cell, error: str) -> None:
        """Keep why a cell failed; it is not tried again unless asked."""
        self._write(self._of(cell) / _FAILURE, {"error": error})

    def forget_failure(self, cell: Cell) -> None:
        """Have a failed cell done anew, from its beginning."""
        with explained(self._of(cell)):
            shutil.rmtree(self._of(cell), ignore_errors=True)

    def _of(self, cell: Cell) -> Path:
        task, method = (
            re.sub(r"[^A-Za-z0-9._@-]+", "-", name).strip("-.") for name in (cell.task, cell.method)
        )
        return self.path / "cells" / task / method / f"seed-{cell.seed}"

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, values.dumps(content, indent=1).encode() + b"\n")
