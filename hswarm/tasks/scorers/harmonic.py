"""The harmonic mean of several tasks: the papers' multi-task domains (Feng et al., 2024, §3)."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from statistics import harmonic_mean

from hswarm.engines.memo import MemoStore
from hswarm.engines.purse import Purse
from hswarm.tasks.task import Aggregating, Asking, Example, Outside, Scorer


class HarmonicMean:
    """Every item is scored as its own task does; the utility is the harmonic mean of the tasks'.

    It is 0 where one of them is 0 or less.
    """

    def __init__(self, parts: Mapping[str, Scorer]) -> None:
        """Take the scorer of each task by its name."""
        self.parts = dict(parts)

    def __call__(self, example: Example, answer: str, /) -> float | Awaitable[float]:
        """Return the score that the item's own task gives."""
        return self.parts[example.part](example, answer)

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return what the item's own task asks next, if anything."""
        scorer = self.parts[example.part]
        return scorer.follow_up(example, answer) if isinstance(scorer, Asking) else None

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError where a task's outside rater cannot be asked."""
        for scorer in self.parts.values():
            if isinstance(scorer, Outside):
                scorer.check(limited=limited)

    def prepare(self, store: MemoStore, purse: Purse | None = None, /) -> None:
        """Have every task's outside rater keep what it says, and pay from `purse`."""
        for scorer in self.parts.values():
            if isinstance(scorer, Outside):
                scorer.prepare(store, purse)

    async def aclose(self) -> None:
        """Let go of every task's outside rater."""
        for scorer in self.parts.values():
            if isinstance(scorer, Outside):
                await scorer.aclose()

    def utility(self, examples: Sequence[Example], scores: Sequence[float], /) -> float:
        """Return the harmonic mean over the tasks that have any scored item."""
        means = []
        for name, scorer in self.parts.items():
            pairs = [(e, s) for e, s in zip(examples, scores, strict=True) if e.part == name]
            if not pairs:
                continue
            own = [score for _, score in pairs]
            if isinstance(scorer, Aggregating):
                means.append(scorer.utility([example for example, _ in pairs], own))
            else:
                means.append(sum(own) / len(own))
        return harmonic_mean(means) if min(means) > 0.0 else 0.0
