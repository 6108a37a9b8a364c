"""The table of a bench as an SVG picture: a panel per task, in it every method's mean and interval.

All panels of one bench list the methods in the same order, so that a method is read across.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from hswarm.analysis.table import Entry, Grid

ABREAST: Final = 3
"""Panels in a row of the picture."""
ROW: Final = 26.0
HEAD: Final = 52.0
FOOT: Final = 34.0
SCALE: Final = 180.0
"""Width of the part of a panel that is to scale; all lengths are in pixels."""
NUMBER: Final = 78.0
GAP: Final = 24.0
MARGIN: Final = 20.0
CHARACTER_WIDTH: Final = 7.6
MAX_TITLE: Final = 34

BEST: Final = "#16a34a"
OTHER: Final = "#64748b"
TEXT: Final = "#0f172a"
FAINT: Final = "#e2e8f0"
FAILED: Final = "#b45309"


@dataclass(frozen=True, slots=True)
class Panel:
    """Where a task is drawn: its left and upper edge, and the values that its scale goes over."""

    left: float
    top: float
    low: float
    high: float

    def x(self, value: float) -> float:
        """Return where a value lies."""
        return round(self.left + SCALE * (value - self.low) / (self.high - self.low), 1)


def draw_grid(grid: Grid) -> str:
    """Return the picture as one self-contained `<svg>`; the same grid is drawn the same."""
    names = MARGIN + CHARACTER_WIDTH * max(map(len, grid.methods)) + GAP / 2
    columns = min(ABREAST, len(grid.tasks))
    tall = HEAD + ROW * len(grid.methods) + FOOT
    width = names + columns * (SCALE + NUMBER + GAP) - GAP + MARGIN
    height = 2 * MARGIN + tall * -(-len(grid.tasks) // ABREAST)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}">',
        f"<title>{escape(_summary(grid))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
    ]
    for number, task in enumerate(grid.tasks):
        line, place = divmod(number, ABREAST)
        left, top = names + place * (SCALE + NUMBER + GAP), MARGIN + line * tall
        if not place:
            parts += _draw_names(grid.methods, names - GAP / 2, top)
        parts += _draw_panel(grid, task, Panel(left, top, *_range(grid, task)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _range(grid: Grid, task: str) -> tuple[float, float]:
    """Return what the scale goes over: 0 to 1, and as far beyond as the intervals do."""
    entries = [grid.entries[task, method] for method in grid.methods]
    lows = [entry.interval.low for entry in entries if entry.interval is not None]
    highs = [entry.interval.high for entry in entries if entry.interval is not None]
    return min(0.0, *lows, 0.0), max(1.0, *highs, 1.0)


def _draw_names(methods: Sequence[str], right: float, top: float) -> Iterator[str]:
    for row, method in enumerate(methods):
        y = top + HEAD + ROW * (row + 0.5)
        yield _text(right, y, method, anchor="end")


def _draw_panel(grid: Grid, task: str, panel: Panel) -> Iterator[str]:
    bottom = panel.top + HEAD + ROW * len(grid.methods)
    title = grid.titles.get(task, task)
    title = title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"
    yield _text(panel.left, panel.top + 12, title, more='font-weight="bold"')
    yield _text(panel.left, panel.top + 32, grid.metrics.get(task, ""), more=f'fill="{OTHER}"')
    for value in (panel.low, (panel.low + panel.high) / 2, panel.high):
        x = panel.x(value)
        yield f'<path d="M{x:g} {panel.top + HEAD:g}V{bottom:g}" stroke="{FAINT}"/>'
        yield _text(x, bottom + 12, f"{value:.3g}", anchor="middle", more=f'fill="{OTHER}"')
    for row, method in enumerate(grid.methods):
        entry = grid.entries[task, method]
        yield from _draw_entry(entry, panel, panel.top + HEAD + ROW * (row + 0.5))


def _draw_entry(entry: Entry, panel: Panel, y: float) -> Iterator[str]:
    place = panel.left + SCALE + 10
    if entry.mean is None or entry.interval is None:
        said, colour = ("failed", FAILED) if entry.failed else ("–", OTHER)
        yield _text(place, y, said, more=f'fill="{colour}"')
        return
    colour = BEST if entry.rank == 1 else OTHER
    low, high = panel.x(entry.interval.low), panel.x(entry.interval.high)
    style = {1: 'font-weight="bold"', 2: 'text-decoration="underline"'}.get(entry.rank or 0, "")
    yield (
        f'<g class="entry"><title>{escape(_tooltip(entry))}</title>'
        f'<path d="M{low:g} {y:g}H{high:g}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{panel.x(entry.mean):g}" cy="{y:g}" r="4.5" fill="{colour}"/></g>'
    )
    yield _text(place, y, f"{entry.mean:.3f}", more=style)
    if entry.stars:
        yield _text(place + 44, y, entry.stars)


def _tooltip(entry: Entry) -> str:
    assert entry.interval is not None
    seeds = f"{len(entry.seeds)} seed" + ("s" if len(entry.seeds) != 1 else "")
    within = f"{entry.interval.low:.3f} to {entry.interval.high:.3f}"
    return f"{entry.method} on {entry.task}: {entry.mean:.3f}, 95 % interval {within}, {seeds}"


def _text(x: float, y: float, said: str, *, anchor: str = "start", more: str = "") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" dominant-baseline="central"'
        f"{f' {more}' if more else ''}>{escape(said)}</text>"
    )


def _summary(grid: Grid) -> str:
    methods, tasks = len(grid.methods), len(grid.tasks)
    return f"{methods} methods on {tasks} tasks: mean on test over {grid.seeds} seeds"
