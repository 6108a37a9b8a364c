"""What each found model is made of, as a heat map of coefficients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hswarm.figures.look import COLUMN, INK, figure, new_figure


@figure
def draw_composition(
    matrix: NDArray[np.float64], models: Sequence[str], experts: Sequence[str]
) -> Figure:
    """Draw coefficients, shape (models, experts), purple above 0 and orange below, with numbers."""
    size = 0.32
    drawn = new_figure(
        max(COLUMN, 1.2 + size * 1.25 * len(experts)), max(1.4, 0.9 + size * 0.8 * len(models))
    )
    axes = drawn.add_subplot()
    axes.grid(visible=False)
    limit = max(1.0, float(np.abs(matrix).max(initial=0.0)))
    axes.imshow(matrix, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.argwhere(np.abs(matrix) >= 0.005).tolist():
        value = matrix[row, column]
        axes.text(
            column, row, f"{value:.2f}".replace("-", "−"), ha="center", va="center", fontsize=6.0,
            color="white" if abs(value) > 0.6 * limit else INK,
        )  # fmt: skip
    axes.set_xticks(range(len(experts)), experts, rotation=35, ha="right")
    axes.set_yticks(range(len(models)), models)
    axes.tick_params(length=0)
    axes.set_xlabel("expert")
    return drawn
