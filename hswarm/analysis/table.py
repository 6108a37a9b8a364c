"""A table of methods × tasks: means over seeds, intervals, and what is significant.

Two ways to say the last. Stars are the papers': a one-tailed z-test of the best against the second
best accuracy as if their items were independent (*, **, *** for p < 0.1, 0.05, 0.01). The p-values
are ours: a paired bootstrap of the best against every other method of its task, corrected by Holm's
rule over all comparisons of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hswarm.analysis.resample import FloatMatrix, interval, superiority, utility
from hswarm.analysis.statistics import Interval, holm, z_test

_STARS = ((0.01, "***"), (0.05, "**"), (0.1, "*"))


@dataclass(frozen=True, slots=True)
class Measured:
    """What one method scored on a task with one seed, item by item; None is not scored."""

    task: str
    method: str
    seed: int
    title: str
    metric: str
    scores: tuple[float | None, ...]
    parts: tuple[str, ...]
    dev: float | None
    generated_tokens: int
    evaluations: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of the table."""

    task: str
    method: str
    seeds: tuple[int, ...]
    """Those that are done."""
    mean: float | None = None
    interval: Interval | None = None
    """Of the mean, 95 %, over items and seeds."""
    dev: float | None = None
    generated_tokens: float | None = None
    """The mean over seeds."""
    evaluations: float | None = None
    """Systems that were run on all dev items, the mean over seeds."""
    unscored: int = 0
    """Items, over all seeds, that are in no mean."""
    rank: int | None = None
    """1 is the best of the task; equal means share a rank."""
    stars: str = ""
    p_value: float | None = None
    """That the task's best method is no better than this one; corrected over the table."""
    failed: Mapping[int, str] | None = None
    """Seed -> why it failed."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole table. `titles` and `metrics` are by task, of those with any result."""

    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: int
    titles: Mapping[str, str]
    metrics: Mapping[str, str]
    entries: Mapping[tuple[str, str], Entry]


def tabulate(
    measured: Sequence[Measured],
    failed: Mapping[tuple[str, str, int], str],
    *,
    tasks: Sequence[str],
    methods: Sequence[str],
    seeds: int,
) -> Grid:
    """Return the table of what is `measured`; `failed` is (task, method, seed) -> why."""
    entries: dict[tuple[str, str], Entry] = {}
    for task in tasks:
        of_task = [m for m in measured if m.task == task]
        entries |= _row(task, of_task, failed, methods)
    corrected = _corrected(entries)
    return Grid(
        tasks=tuple(tasks),
        methods=tuple(methods),
        seeds=seeds,
        titles={m.task: m.title for m in measured},
        metrics={m.task: m.metric for m in measured},
        entries=corrected,
    )


def _row(
    task: str,
    measured: Sequence[Measured],
    failed: Mapping[tuple[str, str, int], str],
    methods: Sequence[str],
) -> dict[tuple[str, str], Entry]:
    parts = _parts(measured)
    scores: dict[str, FloatMatrix] = {}
    entries: dict[str, Entry] = {}
    for method in methods:
        own = sorted((m for m in measured if m.method == method), key=lambda m: m.seed)
        reasons = {seed: why for (t, m, seed), why in failed.items() if (t, m) == (task, method)}
        entries[method] = Entry(task, method, tuple(m.seed for m in own), failed=reasons or None)
        if own:
            scores[method] = np.array([[_number(s) for s in m.scores] for m in own])
            entries[method] = _describe(entries[method], own, scores[method], parts)
    entries = _ranked(entries)
    best = next((m for m, entry in entries.items() if entry.rank == 1), None)
    if best is not None:
        rivals = [m for m, e in entries.items() if e.mean is not None and m != best]
        for method in rivals:
            p = superiority(scores[best], scores[method], parts)
            entries[method] = replace(entries[method], p_value=p)
        if rivals:
            second = max(rivals, key=lambda m: entries[m].mean or 0.0)
            stars = _stars(scores[best], scores[second])
            entries[best] = replace(entries[best], stars=stars)
    return {(task, method): entry for method, entry in entries.items()}


def _describe(
    entry: Entry, own: Sequence[Measured], scores: FloatMatrix, parts: NDArray[np.int64]
) -> Entry:
    unscored = int(np.isnan(scores).sum())
    mean = utility(scores, parts)
    devs = [m.dev for m in own if m.dev is not None]
    return replace(
        entry,
        mean=mean if np.isfinite(mean) else None,
        interval=interval(scores, parts) if np.isfinite(mean) else None,
        dev=sum(devs) / len(devs) if devs else None,
        generated_tokens=sum(m.generated_tokens for m in own) / len(own),
        evaluations=sum(m.evaluations for m in own) / len(own),
        unscored=unscored,
    )


def _ranked(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    means = [entry.mean for entry in entries.values() if entry.mean is not None]
    return {
        method: entry
        if entry.mean is None
        else replace(entry, rank=1 + sum(mean > entry.mean for mean in means))
        for method, entry in entries.items()
    }


def _corrected(entries: Mapping[tuple[str, str], Entry]) -> dict[tuple[str, str], Entry]:
    tested = [key for key, entry in entries.items() if entry.p_value is not None]
    p_values = [entries[key].p_value or 0.0 for key in tested]
    changed = {
        key: replace(entries[key], p_value=p) for key, p in zip(tested, holm(p_values), strict=True)
    }
    return {**entries, **changed}


def _stars(best: FloatMatrix, second: FloatMatrix) -> str:
    """Return the papers' stars, where all scores are right or wrong."""
    known = [scores[np.isfinite(scores)] for scores in (best, second)]
    if not all(np.isin(scores, (0.0, 1.0)).all() and scores.size for scores in known):
        return ""
    items = [int(np.isfinite(scores).any(axis=0).sum()) for scores in (best, second)]
    right = [round(float(s.mean()) * n) for s, n in zip(known, items, strict=True)]
    p = z_test((right[0], right[1]), (items[0], items[1]))
    return next((stars for bound, stars in _STARS if p < bound), "")


def _parts(measured: Sequence[Measured]) -> NDArray[np.int64]:
    names = measured[0].parts if measured else ()
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.int64)


def _number(score: float | None) -> float:
    return float("nan") if score is None else score
