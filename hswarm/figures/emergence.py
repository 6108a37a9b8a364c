"""Correctness levels before and after (Model Swarms, Figure 2)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hswarm.analysis.emergence import LEVELS, Emergence
from hswarm.figures.look import COLUMN, FAINT, GREEN, INK, ORANGE, figure, new_figure


@figure
def draw_emergence(emergence: Emergence) -> Figure:
    """Draw the 4×4 table: cells of a risen level, of the same, of a fallen one."""
    drawn = new_figure(COLUMN, 2.6)
    axes = drawn.add_subplot()
    axes.grid(visible=False)
    total = max(1, *map(max, emergence.table))
    for before, row in enumerate(emergence.table):
        for after, problems in enumerate(row):
            colour = GREEN if after > before else ORANGE if after < before else FAINT
            axes.add_patch(
                Rectangle(
                    (after - 0.5, before - 0.5), 1, 1, facecolor=colour, edgecolor="white",
                    alpha=0.12 + 0.68 * problems / total,
                )
            )  # fmt: skip
            sign = "▲" if after > before else "▼" if after < before else ""
            text = f"{problems}{' ' + sign if problems and sign else ''}"
            axes.text(after, before, text, ha="center", va="center", fontsize=8.0, color=INK)
    ticks = np.arange(len(LEVELS))
    short = [level.replace(" half", "\nhalf").replace("all ", "all\n") for level in LEVELS]
    axes.set_xticks(ticks, short)
    axes.set_yticks(ticks, short)
    axes.set_xlim(-0.5, 3.5)
    axes.set_ylim(-0.5, 3.5)
    axes.set_xlabel("after")
    axes.set_ylabel("before")
    axes.set_aspect("equal")
    axes.tick_params(length=0)
    values = (("C-surge", emergence.surge), ("C-emerge", emergence.emerge))
    axes.set_title(
        "   ".join(f"{name} {v:.3f}" if v is not None else f"{name} –" for name, v in values)
    )
    return drawn
