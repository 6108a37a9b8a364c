"""Where particles started and how far they got (Model Swarms, Figure 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hswarm.analysis.ranks import StartRank, distribution
from hswarm.figures.look import BLUE, COLUMN, FAINT, figure, label_share, new_figure


@figure
def draw_starts(start: ArrayLike, best: ArrayLike, rank: StartRank) -> Figure:
    """Draw a line per particle from its start to its best; the winner's stands out."""
    drawn = new_figure(COLUMN, 2.4)
    axes = drawn.add_subplot()
    first, last = np.asarray(start, dtype=float), np.asarray(best, dtype=float)
    for particle, (low, high) in enumerate(zip(first, last, strict=True)):
        wins = particle == rank.particle
        axes.plot(
            [0, 1], [low, high], marker="o", color=BLUE if wins else FAINT,
            linewidth=2.0 if wins else 1.0, zorder=3 if wins else 2,
        )  # fmt: skip
    axes.set_xticks([0, 1], ["at the start", "best"])
    axes.set_xlim(-0.15, 1.15)
    axes.set_ylabel("utility on dev")
    axes.set_title(f"the winner began as number {rank.rank} of {rank.particles}")
    return drawn


@figure
def draw_start_ranks(ranks: Sequence[StartRank]) -> Figure:
    """Draw how often the winner of a search began at each rank."""
    drawn = new_figure(COLUMN, 2.2)
    axes = drawn.add_subplot()
    shares = distribution(ranks)
    axes.bar(range(1, len(shares) + 1), shares, color=BLUE)
    axes.set_xticks(range(1, len(shares) + 1))
    axes.set_xlabel("rank of the winner at the start")
    label_share(axes, f"share of {len(ranks)} searches")
    return drawn
