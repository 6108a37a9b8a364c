"""Diamond in the rough: where the particle started that ended best.

Model Swarms (Feng et al., 2024), §5 and Figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class StartRank:
    """The start of the particle that ended best: its rank, 1 the best, among so many."""

    particle: int
    rank: int
    particles: int

    @property
    def in_bottom_half(self) -> bool:
        """Whether it started in the worse half."""
        return self.rank > self.particles / 2


def start_rank(start: ArrayLike, best: ArrayLike) -> StartRank | None:
    """Return how the particle that reached most began; both utilities have shape (particles,).

    `start` are the utilities before the search, `best` the personal bests after it. On a tie of the
    bests it is the lowest number; a rank is one more than the number of particles that began
    better. Particles that were never scored (NaN) are left out; None if all are.
    """
    first, last = np.asarray(start, dtype=float), np.asarray(best, dtype=float)
    if first.shape != last.shape or first.ndim != 1:
        raise ValueError(f"{first.shape} utilities at the start and {last.shape} at the end")
    known = np.isfinite(first) & np.isfinite(last)
    if not known.any():
        return None
    winner = int(np.where(known, last, -np.inf).argmax())
    rank = 1 + int((first[known] > first[winner]).sum())
    return StartRank(winner, rank, int(known.sum()))


def distribution(ranks: Sequence[StartRank]) -> list[float]:
    """Return which share of some searches had a winner of start rank 1, 2, …; [] without any."""
    if not ranks:
        return []
    most = max(rank.particles for rank in ranks)
    counts = [sum(rank.rank == place for rank in ranks) for place in range(1, most + 1)]
    return [count / len(ranks) for count in counts]
