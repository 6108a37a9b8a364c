"""A run as it is watched: redrawn in place in a terminal, a line per step elsewhere."""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hswarm.cli.console import can_animate
from hswarm.cli.numerals import (
    show_dollars,
    show_duration,
    show_utility,
    sparkline,
)
from hswarm.cli.progress import Progress
from hswarm.cli.summary import BUNDLED
from hswarm.report.numerals import show_count
from hswarm.search.events import Event, IterationEnded, Note, StepEnded, StepStarted
from hswarm.search.result import Result
from hswarm.tracking.watcher import Beginning

Style = Literal["drawn", "lines", "silent"]

_REDRAWN: Final = 4
"""Times a second: enough to see it live, too few to take time from the models."""
_CURVE: Final = 40
"""Columns of the curve of best utilities."""


class View:
    """Watches a run from before its models are loaded until its result; a context manager.

    Notes, which a person must not miss, are shown in every style.
    """

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.style: Style = "silent" if quiet else "drawn" if can_animate(console) else "lines"
        self.folder: Path | None = None
        """The run's folder, once the run has begun."""
        self.progress: Progress | None = None
        self._console = console
        self._told: set[str] = set()
        self._live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_REDRAWN,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        if self.style == "drawn":
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def begin(self, beginning: Beginning, /) -> None:
        """Say what is being done, once it is known; the search follows."""
        task, config, agents = beginning.task, beginning.config, beginning.agents
        folder = beginning.folder
        self.folder = folder
        self.progress = Progress(config, agents, beginning.usage)
        if self.style == "silent":
            return
        if task.bundled:
            self._say(f"{task.title}: {BUNDLED}")
        self._say(
            f"{task.title} with {show_count(agents, 'model')} of {config.pool}, "
            f"{config.search.method}, seed {config.search.seed}; the run is in {folder}"
        )

    def observe(self, event: Event, /) -> None:
        """Take an event of the search in."""
        if isinstance(event, Note):
            if event.text not in self._told:
                self._told.add(event.text)
                self._say(event.text)
            return
        if self.progress is None:
            return
        compared_before = self.progress.comparing
        self.progress.observe(event)
        if self.style != "lines":
            return
        match event:
            case StepEnded():
                self._say(describe_step(event, self.progress))
            case StepStarted() if self.progress.comparing and not compared_before:
                self._say("search over; comparing with single models, chains and stars")
            case IterationEnded() if event.stale:
                self._say(f"nothing better for {show_count(event.stale, 'iteration')}")

    def end(self, result: Result, /) -> None:
        """What was found is printed by whoever has it, when the view is over."""

    def draw(self) -> RenderableType:
        """Return the view as it is drawn at this moment."""
        if self.progress is None:
            return Text("reading the task and the models …")
        return draw_progress(self.progress)

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=self.style != "drawn")


def describe_step(event: StepEnded, progress: Progress) -> str:
    """Return a step in one line, for where nothing can be redrawn."""
    usage = progress.usage
    return " · ".join(
        [
            *_place(event, progress),
            f"best {show_utility(event.best)}",
            *([] if math.isnan(event.spread) else [f"spread {show_utility(event.spread)}"]),
            f"{usage.answered:,} answered = {usage.generated:,} generated + {usage.saved:,} saved",
            *([show_dollars(usage.dollars)] if usage.picodollars else []),
            f"{progress.tokens_per_second():,.0f} tokens/s",
            f"{show_duration(progress.elapsed())}, {_time_left(progress)}",
        ]
    )


def _place(event: StepEnded, progress: Progress) -> list[str]:
    if event.kind == "baseline":
        return [progress.config.search.method, show_count(len(event.utilities), "system")]
    return [
        f"iteration {event.iteration}/{progress.config.search.max_iterations}",
        f"{event.kind}-step" if event.kind != "start" else "start",
    ]


def draw_progress(progress: Progress) -> RenderableType:
    """Return everything about a running search as a small table."""
    usage = progress.usage
    spreads = ", ".join(f"{show_utility(v)} {name}" for name, v in progress.spreads.items())
    rows: list[tuple[str, RenderableType]] = [
        ("iteration", _doing(progress)),
        ("", ProgressBar(total=1.0, completed=progress.share_done(), width=_CURVE)),
        ("best utility", f"{show_utility(progress.best)}  {sparkline(progress.history, _CURVE)}"),
        ("swarm spread", spreads or "–"),
        (
            "requests",
            f"{usage.answered:,} answered = {usage.generated:,} generated"
            f" + {usage.saved:,} saved by the memo",
        ),
        *([("cost", show_dollars(usage.dollars))] if usage.picodollars else []),
        ("speed", f"{progress.tokens_per_second():,.0f} tokens/s"),
        ("time", f"{show_duration(progress.elapsed())}, {_time_left(progress)}"),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(name, value)
    return table


def _doing(progress: Progress) -> str:
    if progress.comparing:
        return "search over; comparing with single models, chains and stars"
    most = progress.config.search.max_iterations
    doing = "start" if progress.iteration is None else f"{min(progress.iteration + 1, most)}/{most}"
    if progress.is_baseline:
        doing = progress.config.search.method
    step = progress.step
    if step is None:
        return doing
    kind = "" if step.kind in ("start", "baseline") else f"{step.kind}-step, "
    return (
        f"{doing}: {kind}{show_count(step.systems, 'system')} on "
        f"{show_count(step.examples, 'item')}, {progress.step_share():.0%}"
    )


def _time_left(progress: Progress) -> str:
    if progress.comparing:
        return "the search is over"
    left = progress.seconds_left()
    return (
        "time left not known yet"
        if left is None
        else f"at most about {show_duration(left)} of search left"
    )
