"""What several runs say together: size, diversity and strength of the pool, sparsity, dropout.

Heterogeneous Swarms (Feng et al., 2025), §6 and appendix A: Figures 5, 6, 8 and 9, Table 3; Model
Swarms (Feng et al., 2024), §5: Figures 4 and 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hswarm.graph.dag import Dag
from hswarm.graph.sparsity import fraction_removed

Withheld = Literal["best", "top half"]


@dataclass(frozen=True, slots=True)
class Point:
    """A run as a study sees it: what was varied, and the utility that came out."""

    setting: float
    utility: float


def improvement(points: Sequence[Point]) -> float | None:
    """Return (f_last − f_first) / f_first from the least to the greatest setting.

    Scaling: settings are numbers of models. Diversity: numbers of distinct ones. Points of one
    setting count by their mean. None with fewer than two settings, or where f_first is 0.
    """
    means = by_setting(points)
    if len(means) < 2:
        return None
    first, last = means[0].utility, means[-1].utility
    return (last - first) / first if first else None


def by_setting(points: Sequence[Point]) -> list[Point]:
    """Return the mean utility of every setting, by rising setting."""
    grouped: dict[float, list[float]] = {}
    for point in points:
        grouped.setdefault(point.setting, []).append(point.utility)
    return [Point(s, sum(u) / len(u)) for s, u in sorted(grouped.items())]


def diversity(models: Sequence[str]) -> tuple[int, int] | None:
    """Return (a, b) of a pool of a distinct models, each b times; None if they occur unevenly.

    `models` are the contents of a pool, a fingerprint each.
    """
    counts = Counter(models)
    times = set(counts.values())
    return (len(counts), times.pop()) if len(times) == 1 else None


def withhold(utilities: Mapping[str, float], what: Withheld) -> tuple[str, ...]:
    """Return the models that are left without the best one, or without the better half.

    By falling utility of each alone; those of one utility by name. Of n models the better half are
    ⌊n/2⌋.
    """
    ranked = sorted(utilities, key=lambda name: (-utilities[name], name))
    return tuple(ranked[1 if what == "best" else len(ranked) // 2 :])


@dataclass(frozen=True, slots=True)
class WeakToStrong:
    """A system of the weaker models beside the strongest one alone."""

    weak: float
    strong: float

    @property
    def reached(self) -> bool:
        """HS(weak) > strong."""
        return self.weak > self.strong


@dataclass(frozen=True, slots=True)
class Sparsity:
    """A run with sparser graphs beside the one without (Table 3)."""

    threshold: float
    """τ."""
    penalty: float
    """λ."""
    utility: float
    edges_removed: float
    """The paper's speed-up: the share of the original graph's edges that are gone."""
    tokens_saved: float | None
    """The share of the tokens that its nodes read and write; None where they are not known."""


def sparsity(
    threshold: float,
    penalty: float,
    utility: float,
    *,
    graph: Dag,
    original: Dag,
    tokens: float | None = None,
    original_tokens: float | None = None,
) -> Sparsity:
    """Compare a found graph with the `original`; `tokens` are what either takes per item."""
    saved = None if not tokens or not original_tokens else 1.0 - tokens / original_tokens
    return Sparsity(threshold, penalty, utility, fraction_removed(graph, original), saved)


@dataclass(frozen=True, slots=True)
class Dropout:
    """A run that skips steps (Figure 9)."""

    role: float
    """d_r."""
    weight: float
    """d_w."""
    utility: float
    steps: int
    """Role- and weight-steps that it did."""
