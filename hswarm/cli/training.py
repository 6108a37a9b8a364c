"""The training of a pool as it is watched: redrawn in a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from hswarm.cli.console import can_animate
from hswarm.cli.numerals import show_duration


@dataclass(slots=True)
class Training:
    """Where the training of several models, one after the other, stands.

    `work` says what each costs to train, in any unit, in their order.
    """

    work: Mapping[str, float]
    clock: Callable[[], float] = time.monotonic
    model: str = ""
    step: int = 0
    steps: int = 0
    loss: float = float("nan")
    _began: float = 0.0
    _done_before: float = 0.0
    """Of the work, what was there when the first step of this process came."""
    _done: float = field(default=0.0)

    def report(self, model: str, step: int, steps: int, loss: float) -> bool:
        """Take a step in (from 1); return whether it is a model's first or completes a tenth."""
        names = list(self.work)
        earlier = sum(self.work[name] for name in names[: names.index(model)])
        if not self.model:
            self._began = self.clock()
            self._done_before = earlier + self.work[model] * step / steps
        tells = model != self.model or step * 10 // steps > (step - 1) * 10 // steps
        self.model, self.step, self.steps, self.loss = model, step, steps, loss
        self._done = earlier + self.work[model] * step / steps
        return tells

    def share_done(self) -> float:
        """Return how much of all the work is done, 0 to 1."""
        return self._done / sum(self.work.values())

    def seconds_left(self) -> float | None:
        """Return an estimate of the time that the rest takes; None if it is too early."""
        done_here = self._done - self._done_before
        if done_here <= 0.0:
            return None
        rest = sum(self.work.values()) - self._done
        return (self.clock() - self._began) * rest / done_here


class TrainingView:
    """Shows a training; a context manager. `report` is to be told every step."""

    def __init__(self, console: Console, work: Mapping[str, float]) -> None:
        self.training = Training(work)
        self._console = console
        self._drawn = can_animate(console)
        self._live = Live(
            console=console, get_renderable=self.draw, refresh_per_second=2, transient=True
        )

    def __enter__(self) -> Self:
        if self._drawn:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def report(self, model: str, step: int, steps: int, loss: float) -> None:
        """Take a step in."""
        if self.training.report(model, step, steps, loss) and not self._drawn:
            self._console.print(f"{model}: {self._progress()}; {self._time_left()}", soft_wrap=True)

    def draw(self) -> RenderableType:
        """Return the view as it is drawn at this moment."""
        training = self.training
        if not training.model:
            return "preparing …"
        place = list(training.work).index(training.model) + 1
        table = Table.grid(padding=(0, 2))
        table.add_row(f"{training.model} ({place} of {len(training.work)})", self._progress())
        table.add_row(
            ProgressBar(completed=100 * training.share_done(), width=30), self._time_left()
        )
        return table

    def _progress(self) -> str:
        training = self.training
        return f"step {training.step:,} of {training.steps:,}, loss {training.loss:.3f}"

    def _time_left(self) -> str:
        left = self.training.seconds_left()
        return "time left not known yet" if left is None else f"about {show_duration(left)} left"
