"""Evaluations that end as soon as what is left of them can change nothing.

A particle's utility is compared with its personal best, the global best and the global worst, and
with nothing else. So it need not be known: once the items that are left can neither lift it above
the lowest of the bests nor press it below the worst, whatever they come to, they are not run.

An evaluation that ends early is settled by misses (they bound it from above) and by hits (from
below). Items are therefore run from both ends of how well they went in this search so far: as many
that mostly went wrong and as many that mostly went right as it takes at the least, again and again.
Which items are run first decides how many are spared, and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import Any, Final

from hswarm.evaluate import Evaluation, mean
from hswarm.tasks.task import Example

ROUNDING: Final = 1e-12
"""What a bar keeps off where a score is not the utility itself but a difference of it."""

Run = Callable[[Sequence[Example]], Awaitable[Evaluation]]
"""Evaluates a system on some examples."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a utility has to pass to matter: above `high`, or below `low`."""

    high: float
    low: float = -inf

    def __and__(self, other: Bar) -> Bar:
        """Return the bar of a utility that is compared with both."""
        return Bar(min(self.high, other.high), max(self.low, other.low))


@dataclass(slots=True)
class Easiness:
    """How the items went so far: what the next answer to one can be expected to score."""

    scores: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Item -> the sum of its scores, and of how many."""

    def add(self, examples: Sequence[Example], scores: Sequence[float | None]) -> None:
        """Take in how some items went."""
        for example, score in zip(examples, scores, strict=True):
            if score is not None:
                total, count = self.scores.get(example.id, (0.0, 0))
                self.scores[example.id] = total + score, count + 1

    def rank(self, examples: Sequence[Example]) -> list[int]:
        """Return the places of the examples, the one that went worst first."""

        def expected(place: int) -> float:
            total, count = self.scores.get(examples[place].id, (0.0, 0))
            return total / count if count else 0.0

        return sorted(range(len(examples)), key=expected)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {item: list(entry) for item, entry in self.scores.items()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Set it to what `to_json` returned."""
        self.scores = {item: (float(total), int(n)) for item, (total, n) in saved.items()}


async def evaluate_while_it_matters(
    examples: Sequence[Example],
    bar: Bar,
    bounds: tuple[float, float],
    ranked: Sequence[int],
    run: Run,
) -> Evaluation:
    """Evaluate a system as far as its utility, the mean of scores within `bounds`, can matter.

    One that ends early has utility NaN, and None for scores that are not known. `ranked` are the
    places of the examples in the order in which they are expected to score, the worst first.
    """
    scores: list[float | None] = [None] * len(examples)
    failures: list[str] = []
    left = list(ranked)
    while left:
        misses, hits = _needed(scores, left, bar, bounds)
        if not misses and not hits:
            return Evaluation(float("nan"), tuple(scores), tuple(failures))
        if misses + hits >= len(left):
            wave, left = left, []
        else:
            wave = left[:misses] + left[len(left) - hits :]
            left = left[misses : len(left) - hits]
        done = await run([examples[place] for place in wave])
        failures += done.failures
        for place, score in zip(wave, done.scores, strict=True):
            scores[place] = score
    return Evaluation.of(scores, failures)


def _needed(
    scores: Sequence[float | None],
    left: Sequence[int],
    bar: Bar,
    bounds: tuple[float, float],
) -> tuple[int, int]:
    """Return how many of the items left have to go wrong, and how many right, to settle it.

    (0, 0) if it is settled: the utility if all that is left goes right is not above the bar, and
    the one if all goes wrong not below. Both are added up in the order of the items, as the utility
    is, so that rounding cannot put it past its bounds.
    """
    worst, best = bounds

    def utility(rest: float) -> float:
        filled = list(scores)
        for place in left:
            filled[place] = rest
        return mean(filled)

    known = [score for score in scores if score is not None]
    count, span = len(known) + len(left), best - worst
    above = utility(best) - bar.high
    below = bar.low - utility(worst)
    misses = max(1, ceil(min(above * count / span, len(left)))) if above > 0.0 else 0
    hits = max(1, ceil(min(below * count / span, len(left)))) if below > 0.0 else 0
    return misses, hits
