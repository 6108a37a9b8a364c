"""Correctness emergence: whether models pass on what some of them know, or learn what none did.

Model Swarms (Feng et al., 2024), §5 and Figure 2. A problem's correctness level says how many of
the models solve it; it is looked at before and after the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.analysis.correctness import BoolMatrix

IntVector = NDArray[np.int64]
IntMatrix = NDArray[np.int64]

LEVELS: Final = ("all wrong", "at most half right", "more than half right", "all right")
"""① to ④. The paper has "less than half" and "more than half"; exactly half is with the former."""


@dataclass(frozen=True, slots=True)
class Emergence:
    """How many problems went from level i (row) to level j (column), shape (4, 4)."""

    table: tuple[tuple[int, ...], ...]

    @property
    def problems(self) -> int:
        """How many problems there are."""
        return sum(map(sum, self.table))

    @property
    def surge(self) -> float | None:
        """C-surge = Σ_{j>i} |ⓘ→ⓙ| / Σ |ⓘ→ⓙ|: the share whose level rose; None without problems."""
        risen = sum(sum(row[level + 1 :]) for level, row in enumerate(self.table))
        return risen / self.problems if self.problems else None

    @property
    def emerge(self) -> float | None:
        """C-emerge = Σ_{j>1} |①→ⓙ| / Σ_j |①→ⓙ|: the share of what no model solved that one does.

        None where some model solved every problem before.
        """
        first = self.table[0]
        return sum(first[1:]) / sum(first) if sum(first) else None


def levels(correct: BoolMatrix) -> IntVector:
    """Return every problem's level, 0 to 3, shape (problems,), from shape (models, problems).

    ValueError without models.
    """
    models = len(correct)
    if not models:
        raise ValueError("a correctness level is one of some models")
    right = correct.sum(axis=0)
    found: IntVector = np.select(
        [right == 0, right == models, 2 * right <= models], [0, 3, 1], default=2
    ).astype(np.int64)
    return found


def correctness_emergence(before: BoolMatrix, after: BoolMatrix) -> Emergence:
    """Count the changes of level between two pools on the same problems.

    `before` and `after`, shape (models, problems), say which model solves which problem alone; the
    pools may be of different sizes. ValueError where the problems disagree.
    """
    start, end = levels(before), levels(after)
    if start.shape != end.shape:
        raise ValueError(f"{len(start)} problems before but {len(end)} after")
    table = np.bincount(4 * start + end, minlength=16).reshape(4, 4)
    return Emergence(tuple(tuple(row) for row in table.tolist()))
