"""Bootstrap over items and seeds at once: how sure a mean over both is.

Scores are a matrix of seeds × items, NaN where an item could not be scored. Both are drawn with
replacement, so the interval holds the chance of the items and of the search's own draws. Where
items are from several tasks the statistic is the harmonic mean of the tasks' means, as in the
papers' domains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.analysis.statistics import Interval

FloatMatrix = NDArray[np.float64]
Counts = NDArray[np.uint16]

RESAMPLES: Final = 4_000
_ROWS: Final = 500
"""Resamples made at once."""
_KEPT: Final = 2
"""Sets of draws at hand: all methods on a task share one for means and one for comparisons."""


def utilities(
    scores: FloatMatrix, parts: NDArray[np.int64], items: FloatMatrix, seeds: FloatMatrix
) -> NDArray[np.float64]:
    """Return the utility of `scores` (S×I) under each of B weightings of items (B×I), seeds (B×S).

    `parts` (I) numbers the task of each item from 0. NaN where a task has no scored item.
    """
    known = np.isfinite(scores)
    weighted = seeds @ np.where(known, scores, 0.0)
    counted = seeds @ known.astype(np.float64)
    means = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for part in range(int(parts.max()) + 1):
            own = parts == part
            total = np.einsum("bi,bi->b", items[:, own], weighted[:, own])
            means.append(total / np.einsum("bi,bi->b", items[:, own], counted[:, own]))
        if len(means) == 1:
            return np.asarray(means[0])
        stacked = np.stack(means)
        harmonic = len(means) / (1.0 / stacked).sum(axis=0)
    return np.where(
        (stacked > 0.0).all(axis=0), harmonic, np.where(np.isnan(harmonic), np.nan, 0.0)
    )


def utility(scores: FloatMatrix, parts: NDArray[np.int64]) -> float:
    """Return the utility of scores (S×I) as they are."""
    seeds, items = scores.shape
    return float(utilities(scores, parts, np.ones((1, items)), np.ones((1, seeds)))[0])


def interval(
    scores: FloatMatrix, parts: NDArray[np.int64], *, confidence: float = 0.95
) -> Interval:
    """Return the interval of percentiles of the utility of scores (S×I); deterministic."""
    drawn = np.concatenate(
        [
            utilities(scores, parts, items, seeds)
            for items, (seeds,) in _weights(scores.shape[1], (scores.shape[0],), parts)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail))
    return Interval(float(low), float(high))


def superiority(first: FloatMatrix, second: FloatMatrix, parts: NDArray[np.int64]) -> float:
    """Return the one-sided p-value that `first` (S×I) is no better than `second` (T×I).

    Items are drawn for both together, seeds for each. The distribution is centred on no difference;
    the observed one counts among the resamples, so p is never 0.
    """
    observed = utility(first, parts) - utility(second, parts)
    if not np.isfinite(observed):
        return 1.0
    reached = total = 0
    for items, (own, others) in _weights(first.shape[1], (len(first), len(second)), parts):
        difference = utilities(first, parts, items, own) - utilities(second, parts, items, others)
        difference = difference[np.isfinite(difference)]
        reached += int(np.sum(difference - observed >= observed - 1e-12))
        total += difference.size
    return (1 + reached) / (1 + total)


def _weights(
    items: int, seeds: Sequence[int], parts: NDArray[np.int64]
) -> Iterator[tuple[FloatMatrix, list[FloatMatrix]]]:
    """Yield how often each item and each seed is drawn, always the same draws."""
    for drawn, of_seeds in _draws(items, tuple(seeds), tuple(parts.tolist())):
        yield drawn.astype(np.float64), [own.astype(np.float64) for own in of_seeds]


@lru_cache(_KEPT)
def _draws(
    items: int, seeds: tuple[int, ...], parts: tuple[int, ...]
) -> list[tuple[Counts, list[Counts]]]:
    """Return the draws, `_ROWS` resamples at a time: those of a table's methods are the same."""
    rng = np.random.default_rng([items, *seeds])
    numbers = np.array(parts)
    blocks = []
    for _ in range(0, RESAMPLES, _ROWS):
        drawn = np.zeros((_ROWS, items), dtype=np.uint16)
        for part in range(max(parts) + 1):
            own = np.flatnonzero(numbers == part)
            drawn[:, own] = rng.multinomial(own.size, np.full(own.size, 1 / own.size), size=_ROWS)
        of_seeds = [rng.multinomial(n, np.full(n, 1 / n), size=_ROWS) for n in seeds]
        blocks.append((drawn, [own.astype(np.uint16) for own in of_seeds]))
    return blocks
