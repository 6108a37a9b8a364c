"""A sweep is a folder: its settings, Optuna's storage, a folder per run, one memo for all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hswarm.bench import outcome
from hswarm.bench.outcome import CellResult
from hswarm.catalog import read_yaml
from hswarm.config import to_yaml, validated
from hswarm.errors import HswarmError
from hswarm.store.disk import explained, replace_file
from hswarm.store.memo import SqliteMemo
from hswarm.sweep.config import SweepConfig
from hswarm.sweep.draws import Draws, run_folder

CONFIG: Final = "sweep.yaml"
MEMO: Final = "memo.sqlite"


class SweepFolder:
    """A sweep, at which several processes may be at work."""

    def __init__(self, path: Path, config: SweepConfig) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.config = config
        self.draws = Draws(path, config)

    @classmethod
    def create(cls, path: Path, config: SweepConfig) -> SweepFolder:
        """Begin a sweep in `path`; HswarmError if it holds anything."""
        if path.exists() and any(path.iterdir()):
            what = "a sweep" if is_sweep(path) else "something"
            raise HswarmError(
                f"{path} already holds {what}.",
                hint=f"Go on with a sweep by `hswarm sweep --resume {path}`, or choose another.",
            )
        with explained(path):
            path.mkdir(parents=True, exist_ok=True)
        replace_file(path / CONFIG, to_yaml(config).encode())
        folder = cls(path, config)
        folder.draws.fill()
        return folder

    @classmethod
    def open(cls, path: Path, *, runs: int | None = None, retry: bool = False) -> SweepFolder:
        """Take part in the sweep in `path`, with more `runs` if so many are given.

        With `retry`, those that failed are to be done again. HswarmError if there is none.
        """
        config = read_sweep(path)
        if runs is not None and runs < config.runs:
            raise HswarmError(
                f"{path} has {config.runs} runs.", hint="They can be raised, not lowered."
            )
        if runs is not None and runs != config.runs:
            config = config.model_copy(update={"runs": runs})
            replace_file(path / CONFIG, to_yaml(config).encode())
        folder = cls(path, config)
        folder.draws.fill(retry=retry)
        return folder

    def of(self, run: int) -> Path:
        """Return where a run lies."""
        return run_folder(self.path, run)

    def open_memo(self) -> SqliteMemo:
        """Open the memo of all runs."""
        return SqliteMemo(self.path / MEMO, shared=True)

    def results(self) -> dict[int, CellResult]:
        """Return what the runs that are done found."""
        found = {run: outcome.read_result(self.of(run)) for run in range(self.config.runs)}
        return {run: result for run, result in found.items() if result is not None}

    def failures(self) -> dict[int, str]:
        """Return why runs failed."""
        why = {run: outcome.read_failure(self.of(run)) for run in range(self.config.runs)}
        return {run: reason for run, reason in why.items() if reason is not None}


def is_sweep(path: Path) -> bool:
    """Return whether there is a sweep in a folder."""
    return (path / CONFIG).is_file()


def read_sweep(path: Path) -> SweepConfig:
    """Return the settings of the sweep in a folder; HswarmError if there is none."""
    if not is_sweep(path):
        raise HswarmError(f"There is no sweep in {path}.", hint="It would hold a sweep.yaml.")
    return validated(SweepConfig, read_yaml(path / CONFIG), str(path / CONFIG))
