"""How good runs were at each value of each hyperparameter (Model Swarms, Table 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from hswarm.analysis.statistics import Interval
from hswarm.figures.look import BLUE, FAINT, PAGE, figure, new_figure, upright

_ABREAST: Final = 3
_HIGH: Final = 1.9
"""Inches of a panel."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The mean utility of all runs in which a hyperparameter had a value, and its interval."""

    name: str
    value: str
    mean: float
    interval: Interval | None


@figure
def draw_effects(effects: Sequence[Effect]) -> Figure:
    """Draw a panel per hyperparameter: a mean per value and its interval, all to one scale."""
    names = list(dict.fromkeys(effect.name for effect in effects))
    columns = min(_ABREAST, len(names))
    lines = -(-len(names) // columns)
    drawn = new_figure(PAGE * columns / _ABREAST, _HIGH * lines)
    panels = drawn.subplots(lines, columns, sharey=True, squeeze=False).flatten()
    for axes, name in zip(panels, names, strict=False):
        own = [effect for effect in effects if effect.name == name]
        axes.axhline(
            sum(effect.mean for effect in own) / len(own),
            color=FAINT,
            linestyle="--",
            linewidth=0.8,
        )
        for place, effect in enumerate(own):
            if effect.interval is not None:
                axes.vlines(place, effect.interval.low, effect.interval.high, color=BLUE)
            axes.plot(place, effect.mean, "o", color=BLUE)
        upright(axes, [effect.value for effect in own])
        axes.set_xlim(-0.5, len(own) - 0.5)
        axes.set_title(name)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for line in range(lines):
        panels[line * columns].set_ylabel("utility on dev")
    return drawn
