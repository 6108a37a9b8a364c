"""MLflow. MLFLOW_TRACKING_URI says where to; unset, it is a local store of MLflow's choice."""

from __future__ import annotations

import time

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from hswarm.engines.usage import Usage
from hswarm.search.events import Event, IterationEnded, StepEnded
from hswarm.search.result import Result
from hswarm.tracking.numbers import numbers_told, outcome_told, run_name, settings_told
from hswarm.tracking.watcher import Beginning

_EXPERIMENT = "hswarm"


class MlflowTracker:
    """Logs a run's settings as parameters and its numbers as metrics.

    The client is used, not the fluent interface: that one adds the user and the program's path.
    """

    def __init__(self) -> None:
        self._client: MlflowClient | None = None
        self._id = ""
        self._usage = Usage()

    def begin(self, beginning: Beginning, /) -> None:
        """Open a run in the experiment "hswarm", made if it is not there."""
        self._usage = beginning.usage
        self._client = MlflowClient()
        experiment = self._client.get_experiment_by_name(_EXPERIMENT)
        identifier = (
            experiment.experiment_id
            if experiment is not None
            else self._client.create_experiment(_EXPERIMENT)
        )
        opened = self._client.create_run(identifier, run_name=run_name(beginning.folder))
        self._id = opened.info.run_id
        told = settings_told(beginning.config)
        self._client.log_batch(self._id, params=[Param(k, str(v)) for k, v in told.items()])

    def observe(self, event: Event, /) -> None:
        """Log what an event says in numbers."""
        if isinstance(event, StepEnded | IterationEnded):
            self._log(numbers_told(event, self._usage), event.iteration)

    def end(self, result: Result, /) -> None:
        """Log the outcome and close the run."""
        self._log(outcome_told(result), result.iterations)
        if self._client is not None:
            self._client.set_terminated(self._id)

    def _log(self, numbers: dict[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, step) for name, value in numbers.items()]
        if metrics and self._client is not None:
            self._client.log_batch(self._id, metrics=metrics)
