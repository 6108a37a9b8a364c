"""The draws of a sweep, in Optuna's storage: several processes take them, each gets its own.

Every run of a sweep is enqueued when the sweep begins, so that there are never more of them than
were asked for, however many processes take them. A run is somebody's as long as its folder is
locked: what a process that was killed had begun is taken again, with the same hyperparameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from hswarm.errors import HswarmError
from hswarm.store.lock import Lock, take
from hswarm.swarm.random import generator
from hswarm.sweep.config import SweepConfig, Value, draw

STORAGE: Final = "optuna.journal"
STUDY: Final = "sweep"
_RUN: Final = "run"
"""What a trial of Optuna says of itself: which run of the sweep it is."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A run that this process has taken, until it is told of or let go."""

    run: int
    values: dict[str, Value]
    trial: int
    lock: Lock

    @property
    def name(self) -> str:
        """The run in words."""
        said = ", ".join(
            f"{name.rpartition('.')[2]} {value}" for name, value in self.values.items()
        )
        return f"run {self.run}: {said}"


class Draws:
    """The queue of a sweep's runs, in the sweep's folder."""

    def __init__(self, folder: Path, config: SweepConfig) -> None:
        """Open the storage, made if it is not there; HswarmError if Optuna is not installed."""
        self._folder = folder
        self._config = config
        self._optuna = load_optuna()
        journal = import_module("optuna.storages.journal")
        backend = journal.JournalFileBackend(str(folder / STORAGE))
        self._states = self._optuna.trial.TrialState
        self._study = self._optuna.create_study(
            study_name=STUDY,
            storage=self._optuna.storages.JournalStorage(backend),
            direction="maximize",
            load_if_exists=True,
        )

    def fill(self, *, retry: bool = False) -> None:
        """Enqueue the runs that are missing, and with `retry` those that failed."""
        if not self._missing(retry=retry):
            return
        with Lock(self._folder):
            for run in self._missing(retry=retry):
                self._enqueue(run)

    def take(self) -> Draw | None:
        """Return a run to do, None if there is none: all are done, have failed or are somebody's.

        First come those that a process left behind.
        """
        return next(self._left_behind(), None) or next(self._waiting(), None)

    def tell(self, taken: Draw, utility: float | None) -> None:
        """Say how good a run's system is on dev, None that the run failed; and let it go."""
        if utility is None or not math.isfinite(utility):
            self._study.tell(taken.trial, state=self._states.FAIL)
        else:
            self._study.tell(taken.trial, utility)
        taken.lock.release()

    def done(self) -> int:
        """Return how many runs are done or have failed."""
        ended = {t.user_attrs.get(_RUN) for t in self._trials() if t.state.is_finished()}
        waiting = {t.user_attrs.get(_RUN) for t in self._trials() if not t.state.is_finished()}
        return len(ended - waiting - {None})

    def drawn(self) -> dict[int, dict[str, Value]]:
        """Return the hyperparameters of every run that was begun."""
        return {
            t.user_attrs[_RUN]: self._ordered(t.params)
            for t in self._trials()
            if _RUN in t.user_attrs and len(t.params) == len(self._config.grid)
        }

    def _left_behind(self) -> Iterator[Draw]:
        for trial in self._trials(self._states.RUNNING):
            run = trial.user_attrs.get(_RUN)
            lock = self._hold(run) if run is not None else None
            if lock is None:
                continue
            now = self._study.get_trials(deepcopy=False)[trial.number]
            if now.state == self._states.RUNNING and len(now.params) == len(self._config.grid):
                yield Draw(run, self._ordered(now.params), trial.number, lock)
                return
            if now.state == self._states.RUNNING:  # killed before anything was drawn for it
                self._study.tell(trial.number, state=self._states.FAIL)
                self._enqueue(run)
            lock.release()

    def _waiting(self) -> Iterator[Draw]:
        while self._trials(self._states.WAITING):
            trial = self._study.ask()
            run = trial.user_attrs.get(_RUN)
            if run is None:  # another process was faster: there was none left
                self._study.tell(trial, state=self._states.FAIL)
                return
            lock = self._hold(run)
            if lock is None:
                continue
            try:
                values = self._suggest(trial, run)
            except self._optuna.exceptions.UpdateFinishedTrialError:  # taken for left behind
                lock.release()
                continue
            yield Draw(run, values, trial.number, lock)
            return

    def _suggest(self, trial: Any, run: int) -> dict[str, Value]:
        # Seeded run by run: no two processes draw the same.
        seed = int(generator(self._config.seed, "sweep tpe", run).integers(2**32))
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        return {
            name: trial.suggest_categorical(name, list(values))
            for name, values in self._config.grid.items()
        }

    def _missing(self, *, retry: bool) -> list[int]:
        last = {t.user_attrs[_RUN]: t.state for t in self._trials() if _RUN in t.user_attrs}
        failed = self._states.FAIL if retry else None
        return [k for k in range(self._config.runs) if k not in last or last[k] == failed]

    def _enqueue(self, run: int) -> None:
        random = self._config.sampler == "random"
        values = draw(self._config, run) if random else self.drawn().get(run, {})
        self._study.enqueue_trial(values, user_attrs={_RUN: run})

    def _hold(self, run: int) -> Lock | None:
        return take(run_folder(self._folder, run))

    def _trials(self, *states: Any) -> list[Any]:
        return list(self._study.get_trials(deepcopy=False, states=states or None))

    def _ordered(self, values: dict[str, Value]) -> dict[str, Value]:
        return {name: values[name] for name in self._config.grid}


def run_folder(folder: Path, run: int) -> Path:
    """Return where a run of the sweep in `folder` has its own."""
    return folder / "runs" / f"{run:04d}"


def load_optuna() -> Any:
    """Return Optuna, told to be quiet; HswarmError if it is not installed."""
    try:
        optuna = import_module("optuna")
    except ImportError as error:
        raise HswarmError(
            f"A sweep is kept by Optuna, which is not here: {error}.",
            hint="pip install 'hswarm[optimizers]'",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
