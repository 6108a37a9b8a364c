"""Racing: systems run on more and more of the dev items, and the clearly worse half falls out.

Successive halving (Jamieson & Talwalkar, 2016) over an eighth, a quarter, a half and all of the
items, which are the same for everybody. Of the worse half at a rung those fall out that are worse
than the leader at a stated confidence, each by a one-sided paired test with the correction for
drawing from a finite set. So a race is approximate: a system that falls out might have won.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import Final

from hswarm.evaluate import Evaluation
from hswarm.tasks.task import Example

RUNGS: Final = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the items."""

RunSeveral = Callable[[Sequence[int], Sequence[Example]], Awaitable[list[Evaluation]]]
"""Evaluates the systems with these numbers on some examples."""

Scores = Sequence[Sequence[float | None]]
"""By system a score per example, None where it was not run or not scored."""

Stay = Callable[[Sequence[int], Scores], list[int]]
"""Says which of the systems with these numbers run on, in order."""


async def race(
    systems: int,
    examples: Sequence[Example],
    order: Sequence[int],
    confidence: float,
    run: RunSeveral,
) -> list[Evaluation]:
    """Evaluate `systems` systems, those that fall out on a part of the examples only.

    At a rung those of the worse half fall out that are worse than the leader, at `confidence`; the
    rest is as in `climb`.
    """

    def stay(racing: Sequence[int], scores: Scores) -> list[int]:
        return _halve(racing, scores, confidence)

    return await climb(systems, examples, order, RUNGS, run=run, stay=stay)


async def climb(
    systems: int,
    examples: Sequence[Example],
    order: Sequence[int],
    rungs: Sequence[float],
    *,
    run: RunSeveral,
    stay: Stay,
) -> list[Evaluation]:
    """Evaluate `systems` systems on rising shares of the examples, the last of them 1.

    After each but the last, `stay` says who runs on. Of the others the utility is NaN, and scores
    are None where they were not run. `order` is that in which the examples, by place, are run.
    """
    scores: list[list[float | None]] = [[None] * len(examples) for _ in range(systems)]
    failures: list[list[str]] = [[] for _ in range(systems)]
    racing, begin = list(range(systems)), 0
    for share in rungs:
        end = len(order) if share == 1.0 else round(share * len(order))
        places = order[begin:end]
        if not places:
            continue
        begin = end
        for system, done in zip(
            racing, await run(racing, [examples[p] for p in places]), strict=True
        ):
            failures[system] += done.failures
            for place, score in zip(places, done.scores, strict=True):
                scores[system][place] = score
        if end < len(order):
            racing = stay(racing, scores)
    return [
        Evaluation.of(scores[system], failures[system])
        if system in racing
        else Evaluation(float("nan"), tuple(scores[system]), tuple(failures[system]))
        for system in range(systems)
    ]


def _halve(racing: Sequence[int], scores: Scores, confidence: float) -> list[int]:
    """Return who stays in the race, in order."""
    means = {
        system: fmean(known)
        for system in racing
        if (known := [score for score in scores[system] if score is not None])
    }
    ranked = sorted(means, key=lambda system: -means[system])
    worse = ranked[-(len(ranked) // 2) :] if len(ranked) > 1 else []
    out = {s for s in worse if is_worse(scores[s], scores[ranked[0]], confidence)}
    return [system for system in racing if system not in out]


def is_worse(
    scores: Sequence[float | None], leader: Sequence[float | None], confidence: float
) -> bool:
    """Return whether a system is worse than the leader over all items, at `confidence`.

    Both have a score for every item, None where it is not known.
    """
    pairs = [b - a for a, b in zip(scores, leader, strict=True) if a is not None and b is not None]
    if len(pairs) < 2 or fmean(pairs) <= 0.0:
        return False
    finite = (len(scores) - len(pairs)) / (len(scores) - 1)
    error = stdev(pairs) * sqrt(finite / len(pairs))
    return error > 0.0 and fmean(pairs) / error > NormalDist().inv_cdf(confidence)
