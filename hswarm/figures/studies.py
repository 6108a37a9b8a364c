"""What several runs say together: a setting along the x axis, utility along the y axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from hswarm.analysis.studies import Point, by_setting
from hswarm.figures.look import COLUMN, CYCLE, FAINT, MARKERS, figure, new_figure, upright


@figure
def draw_study(lines: Mapping[str, Sequence[Point]], what: str) -> Figure:
    """Draw the mean of every setting as a line per name, and every run as a dot."""
    drawn = new_figure(COLUMN, 2.3)
    axes = drawn.add_subplot()
    for place, (name, points) in enumerate(lines.items()):
        colour = CYCLE[place % len(CYCLE)]
        means = by_setting(points)
        axes.plot(
            [p.setting for p in points], [p.utility for p in points], ".", color=FAINT, markersize=4
        )
        axes.plot(
            [p.setting for p in means], [p.utility for p in means], color=colour,
            marker=MARKERS[place % len(MARKERS)], label=name,
        )  # fmt: skip
    axes.set_xlabel(what)
    axes.set_ylabel("utility on test")
    if len(lines) > 1:
        axes.legend()
    return drawn


@figure
def draw_bars(values: Mapping[str, float], what: str, reference: float | None = None) -> Figure:
    """Draw a bar per name; `reference` is a line to be compared with."""
    drawn = new_figure(COLUMN, 2.2)
    axes = drawn.add_subplot()
    axes.bar(range(len(values)), list(values.values()), color=CYCLE[0], width=0.6)
    if reference is not None:
        axes.axhline(reference, color=CYCLE[3], linestyle="--", linewidth=1.0)
    upright(axes, list(values))
    axes.set_ylabel(what)
    return drawn
