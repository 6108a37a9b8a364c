"""How systems did on the items that the search did not see, with how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from hswarm.figures.look import BLUE, COLUMN, FAINT, INK, figure, label_share, new_figure, upright


@dataclass(frozen=True, slots=True)
class Bar:
    """A system's utility and the ends of its confidence interval, if there is one."""

    name: str
    utility: float
    interval: tuple[float, float] | None
    mark: str = ""
    """Said above the bar, as the stars of a test."""


@figure
def draw_systems(bars: Sequence[Bar], metric: str) -> Figure:
    """Draw a bar per system, the first one standing out."""
    drawn = new_figure(COLUMN, 2.4)
    axes = drawn.add_subplot()
    for place, bar in enumerate(bars):
        first = place == 0
        axes.bar(place, bar.utility, width=0.62, color=BLUE if first else FAINT)
        top = bar.utility
        if bar.interval is not None:
            low, high = bar.interval
            error = [[max(0.0, bar.utility - low)], [max(0.0, high - bar.utility)]]
            axes.errorbar(place, bar.utility, yerr=error, color=INK, linewidth=0.9, capsize=2.5)
            top = max(top, high)
        text = f"{bar.utility:.3f}{bar.mark}"
        axes.annotate(
            text, (place, top), (0, 2), textcoords="offset points", ha="center", fontsize=7.0
        )
    label_share(axes, metric)
    highest = max((bar.interval or (0, bar.utility))[1] for bar in bars)
    axes.set_ylim(min(0.0, *(bar.utility for bar in bars)), min(1.08, 1.15 * highest + 0.05))
    upright(axes, [bar.name for bar in bars])
    return drawn
