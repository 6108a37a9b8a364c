"""How the loss went down while experts were trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hswarm.figures.look import BLUE, FAINT, PAGE, figure, new_figure

_ABREAST: Final = 5
_HIGH: Final = 1.5
"""Inches of a panel."""
_WINDOW: Final = 0.05
"""The share of the steps that a point of the smoothed line is the mean of."""


@figure
def draw_losses(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Draw a panel per expert: the loss of each step, faintly, and its running mean."""
    columns = min(_ABREAST, len(curves))
    lines = -(-len(curves) // columns)
    drawn = new_figure(max(PAGE * columns / _ABREAST, PAGE / 2), _HIGH * lines)
    panels = drawn.subplots(lines, columns, sharey=True, squeeze=False).flatten()
    for axes, (name, points) in zip(panels, curves.items(), strict=False):
        steps, losses = np.array(points).T
        window = max(1, round(_WINDOW * len(losses)))
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        axes.plot(steps, losses, color=FAINT, linewidth=0.6)
        axes.plot(steps[window - 1 :], mean, color=BLUE)
        axes.set_ylim(bottom=0.0)
        axes.set_title(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    for axes in panels[len(curves) :]:
        axes.set_axis_off()
    for line in range(lines):
        panels[line * columns].set_ylabel("loss")
    return drawn
