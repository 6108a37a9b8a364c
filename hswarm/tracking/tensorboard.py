"""TensorBoard: an event file in the run's folder. `tensorboard --logdir runs` shows all of them."""

from __future__ import annotations

from tensorboard.summary import Writer

from hswarm.engines.usage import Usage
from hswarm.search.events import Event, IterationEnded, StepEnded
from hswarm.search.result import Result
from hswarm.tracking.numbers import numbers_told, outcome_told
from hswarm.tracking.watcher import Beginning


class TensorBoardTracker:
    """Writes a run's numbers; its settings are in the run's folder already."""

    def __init__(self) -> None:
        self._writer: Writer | None = None
        self._usage = Usage()

    def begin(self, beginning: Beginning, /) -> None:
        """Open an event file in the run's folder."""
        self._usage = beginning.usage
        self._writer = Writer(str(beginning.folder / "tensorboard"))

    def observe(self, event: Event, /) -> None:
        """Write what an event says in numbers."""
        if isinstance(event, StepEnded | IterationEnded):
            self._write(numbers_told(event, self._usage), event.iteration)

    def end(self, result: Result, /) -> None:
        """Write the outcome and close the file."""
        self._write(outcome_told(result), result.iterations)
        if self._writer is not None:
            self._writer.close()

    def _write(self, numbers: dict[str, float], step: int) -> None:
        if self._writer is None:
            return
        for name, value in numbers.items():
            self._writer.add_scalar(name.replace(" ", "_"), value, step)
        self._writer.flush()
