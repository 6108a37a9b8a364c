"""Weights & Biases. WANDB_MODE=offline keeps everything in the run's folder."""

from __future__ import annotations

from typing import Any

import wandb

from hswarm.engines.usage import Usage
from hswarm.search.events import Event, IterationEnded, StepEnded
from hswarm.search.result import Result
from hswarm.tracking.numbers import numbers_told, outcome_told, run_name, settings_told
from hswarm.tracking.watcher import Beginning


class WandbTracker:
    """Logs a run's settings, its numbers step by step, and its outcome as the summary.

    What wandb would find out about the machine by itself (user, paths, code, the command) is
    switched off.
    """

    def __init__(self) -> None:
        self._run: Any = None
        self._usage = Usage()

    def begin(self, beginning: Beginning, /) -> None:
        """Open a run; wandb's own variables say where and as whom."""
        self._usage = beginning.usage
        folder = beginning.folder
        self._run = wandb.init(
            project="hswarm",
            name=run_name(folder),
            dir=folder,
            config=settings_told(beginning.config),
            settings=wandb.Settings(
                console="off",
                silent=True,
                save_code=False,
                disable_code=True,
                disable_git=True,
                disable_job_creation=True,
                host="",
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_save_requirements=False,
            ),
        )

    def observe(self, event: Event, /) -> None:
        """Log what an event says in numbers."""
        numbers = numbers_told(event, self._usage)
        if numbers and self._run is not None and isinstance(event, StepEnded | IterationEnded):
            self._run.log({"iteration": event.iteration, **numbers})

    def end(self, result: Result, /) -> None:
        """Write the outcome and close the run."""
        if self._run is not None:
            self._run.summary.update(outcome_told(result))
            self._run.finish()
