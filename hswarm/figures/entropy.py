"""How much answers change with the wording (Model Swarms, Figure 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from hswarm.figures.look import BLUE, COLUMN, FAINT, INK, figure, new_figure, upright


@figure
def draw_entropy(entropies: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the mean entropy of every model, and its questions one by one; lower is steadier."""
    drawn = new_figure(COLUMN, 2.2)
    axes = drawn.add_subplot()
    for place, values in enumerate(entropies.values()):
        axes.bar(place, np.mean(values), color=BLUE if place == 0 else FAINT, width=0.6)
        # Side by side in a fixed order: equal data give equal pictures.
        offsets = np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else [0.0]
        axes.plot(place + np.asarray(offsets), sorted(values), ".", color=INK, markersize=2)
    axes.set_ylabel("entropy of ten answers, bits")
    axes.set_ylim(bottom=0.0)
    upright(axes, list(entropies))
    return drawn
