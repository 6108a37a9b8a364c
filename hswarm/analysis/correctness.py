"""Which answers count as right: what the analyses of both papers start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

BoolMatrix = NDArray[np.bool_]
BoolVector = NDArray[np.bool_]

RIGHT: Final = 0.5
"""The score from which an answer counts as right; those of most tasks are 0 or 1."""


def correctness(scores: Sequence[Sequence[float | None]]) -> tuple[BoolMatrix, list[int]]:
    """Return which model answers which item right, shape (models, items kept), and those items.

    `scores` holds a sequence per model with one score per item, None where it was not scored. Only
    items on which every model was scored are kept, so that all are judged by the same ones.
    ValueError if the lengths differ.
    """
    rows = list(zip(*scores, strict=True))
    kept = [place for place, row in enumerate(rows) if None not in row]
    right = [[score >= RIGHT for score in rows[place] if score is not None] for place in kept]
    matrix = np.array(right, dtype=np.bool_).reshape(len(kept), len(scores)).T
    return matrix, kept
