"""Many runs as they are watched, the cells of a bench or the runs of a sweep: one view for all."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hswarm.cli.console import can_animate
from hswarm.cli.numerals import show_duration, show_utility
from hswarm.report.numerals import show_count
from hswarm.search.events import Event, IterationEnded, Note, StepStarted

if TYPE_CHECKING:
    from hswarm.bench.outcome import CellResult
    from hswarm.engines.usage import Usage

_REDRAWN: Final = 4
_BAR: Final = 40
_RECENT: Final = 5


class Named(Protocol):
    """One of the runs."""

    @property
    def name(self) -> str:
        """It in words."""
        ...


class BenchView:
    """Watches a bench; a context manager. Failures and notes are shown in every style.

    `one` is what one of its runs is called, and `whole` all of them together.
    """

    def __init__(
        self, console: Console, *, quiet: bool, one: str = "cell", whole: str = "bench"
    ) -> None:
        self._console = console
        self._one = one
        self._whole = whole
        self._quiet = quiet
        self._drawn = not quiet and can_animate(console)
        self._cells = 0
        self._done = 0
        self._done_before = 0
        self._began = time.monotonic()
        self._cell: Named | None = None
        self._usage: Usage | None = None
        self._doing = ""
        self._recent: list[str] = []
        self._told: set[str] = set()
        self._live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_REDRAWN,
            transient=True,
            redirect_stdout=False,
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

    def begin(self, folder: Path, cells: int, done: int) -> None:
        """Say what is being done."""
        self._cells, self._done, self._done_before = cells, done, done
        self._began = time.monotonic()
        before = f", {done} of them done already" if done else ""
        if not self._quiet:
            self._say(f"{show_count(cells, self._one)}{before}; the {self._whole} is in {folder}")

    def start(self, cell: Named, usage: Usage) -> None:
        """A cell is under way."""
        self._cell, self._usage, self._doing = cell, usage, ""

    def end(self, cell: Named, outcome: CellResult | str, done: int) -> None:
        """A cell is done, or has failed, and so many are, by whomever."""
        self._done = done
        if isinstance(outcome, str):
            self._say(f"failed: {cell.name}: {outcome}")
            return
        line = f"{cell.name}: dev {show_utility(outcome.dev)}, test {show_utility(outcome.test)}"
        self._recent = [*self._recent, line][-_RECENT:]
        if not self._drawn and not self._quiet:
            self._say(f"{self._done}/{self._cells} · {line} · {self._time()}")

    def observe(self, event: Event) -> None:
        """Take an event of a search in."""
        match event:
            case Note() if event.text not in self._told:
                self._told.add(event.text)
                self._say(event.text)
            case IterationEnded():
                most = event.max_iterations
                self._doing = f"iteration {event.iteration}/{most}, best {show_utility(event.best)}"
            case StepStarted() if not self._doing:
                self._doing = show_count(event.systems, "system")

    def draw(self) -> RenderableType:
        """Return the view as it is drawn at this moment."""
        if self._cell is None or self._usage is None:
            return Text("reading the pool …")
        share = self._done / self._cells if self._cells else 1.0
        usage = self._usage
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        table.add_row(
            self._one, f"{min(self._done + 1, self._cells)} of {self._cells}: {self._cell.name}"
        )
        table.add_row("", ProgressBar(total=1.0, completed=share, width=_BAR))
        table.add_row("doing", self._doing or "–")
        table.add_row(
            "requests", f"{usage.answered:,} answered, {usage.generated:,} of them different"
        )
        table.add_row("time", self._time())
        for line in self._recent:
            table.add_row("done", line)
        return table

    def _time(self) -> str:
        elapsed = time.monotonic() - self._began
        here = self._done - self._done_before
        if not here:
            return show_duration(elapsed)
        left = elapsed / here * (self._cells - self._done)
        return f"{show_duration(elapsed)}, about {show_duration(left)} left"

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=not self._drawn)
