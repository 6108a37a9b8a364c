"""Whether one system is better than another, and how sure one may be of an accuracy.

Two systems answer the same items, so paired tests are the sharp ones: McNemar's for answers that
are right or wrong, a bootstrap for graded scores. The papers report a z-test that takes the two
accuracies for independent samples; it is here to be compared with. Every test is one-sided: small
p-values speak for the first system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, erfc, nan, sqrt
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES: Final = 10_000
_CELLS: Final = 1_000_000
"""Drawn indices held in memory at once."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the first of two systems scored on the items that both were scored on.

    `difference` is in units of the score, NaN without any such item (`p_value` is 1 then).
    """

    difference: float
    p_value: float
    test: Literal["McNemar", "bootstrap"]
    items: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A mean difference of paired scores, its one-sided p-value and its two-sided interval."""

    difference: float
    p_value: float
    interval: Interval


def compare(found: Sequence[float | None], other: Sequence[float | None]) -> Comparison:
    """Test whether `found` scores higher than `other`, item by item.

    Exact McNemar where all scores are 0 or 1, else a bootstrap of the differences (seed 0). An item
    that either was not scored on (None) is left out. ValueError if the lengths differ.
    """
    pairs = [
        (float(a), float(b))
        for a, b in zip(found, other, strict=True)
        if a is not None and b is not None
    ]
    binary = all(score in (0.0, 1.0) for pair in pairs for score in pair)
    if binary:
        wins, losses = pairs.count((1.0, 0.0)), pairs.count((0.0, 1.0))
        difference = (wins - losses) / len(pairs) if pairs else nan
        return Comparison(difference, mcnemar(wins, losses), "McNemar", len(pairs))
    result = bootstrap([a for a, _ in pairs], [b for _, b in pairs], seed=0)
    return Comparison(result.difference, result.p_value, "bootstrap", len(pairs))


def z_test(successes: tuple[int, int], trials: tuple[int, int]) -> float:
    """Return the p-value of the papers' one-tailed z-test on two accuracies.

    The first `successes` of the first `trials` against the second, by the pooled normal
    approximation. 0.5 where all or none are right, as for any two equal accuracies. ValueError
    without trials.
    """
    if min(trials) < 1:
        raise ValueError(f"both systems need trials, not {trials}")
    pooled = sum(successes) / sum(trials)
    error = sqrt(pooled * (1 - pooled) * (1 / trials[0] + 1 / trials[1]))
    if not error:
        return 0.5
    z = (successes[0] / trials[0] - successes[1] / trials[1]) / error
    return erfc(z / sqrt(2)) / 2


def stars(p_value: float) -> str:
    """Return the papers' mark of a p-value: *** below 0.01, ** below 0.05, * below 0.1, else ""."""
    return "*" * sum(p_value < level for level in (0.1, 0.05, 0.01))


def mcnemar(wins: int, losses: int) -> float:
    """Return the exact one-sided p-value of McNemar's test.

    `wins` items only the first system got right, `losses` only the second: under the null each of
    them is a fair coin, and p is the probability of at least as many wins.
    """
    tosses = wins + losses
    ways = total = comb(tosses, wins)
    for k in range(wins, tosses):
        ways = ways * (tosses - k) // (k + 1)
        total += ways
    return total / (1 << tosses)


def bootstrap(
    found: ArrayLike,
    other: ArrayLike,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Bootstrap:
    """Resample the paired differences found - other, both of shape (items,).

    p is the share of resamples of the centred differences whose mean reaches the observed one, with
    the observed one counted in, so it is never 0; the interval is that of percentiles. The same
    seed gives the same result. ValueError for no items, other shapes or scores that are not finite.
    """
    differences = np.asarray(found, dtype=float) - np.asarray(other, dtype=float)
    if differences.ndim != 1 or not differences.size or not np.isfinite(differences).all():
        raise ValueError("the bootstrap needs one finite score per item and system")
    observed = float(differences.mean())
    means = _resampled_means(differences, resamples, np.random.default_rng(seed))
    # Rounding must not decide where a resample repeats the sample itself.
    reached = int(np.sum(means - observed >= observed - 1e-12))
    tail = (1 - confidence) / 2
    low, high = (float(q) for q in np.quantile(means, (tail, 1 - tail)))
    return Bootstrap(observed, (1 + reached) / (1 + resamples), Interval(low, high))


def mean_interval(scores: Sequence[float]) -> Interval | None:
    """Return the 95 % confidence interval of the mean of some scores; None without any.

    Wilson's where all are 0 or 1, else that of a bootstrap (seed 0).
    """
    if not scores:
        return None
    if all(score in (0.0, 1.0) for score in scores):
        return wilson(sum(score == 1.0 for score in scores), len(scores))
    return bootstrap(scores, [0.0] * len(scores), seed=0).interval


def _resampled_means(
    values: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    rows = max(1, _CELLS // values.size)
    parts = []
    for start in range(0, resamples, rows):
        shape = (min(rows, resamples - start), values.size)
        parts.append(values[rng.integers(values.size, size=shape)].mean(axis=1))
    return np.concatenate(parts)


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of an accuracy; [0, 1] without trials."""
    if not trials:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Both ends are exact where none or all are right; rounding would put them a hair inside.
    low = (centre - spread) / scale if successes else 0.0
    high = (centre + spread) / scale if successes < trials else 1.0
    return Interval(low, high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of a family of tests corrected by Holm's step-down rule, in order."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected
