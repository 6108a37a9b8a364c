"""Exact match: the final answer is the gold answer."""

from __future__ import annotations

from string import punctuation, whitespace

from hswarm.tasks.scorers.final_answer import final_answer
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example


class ExactMatch(GoldScorer):
    """The final answer equals the gold one, but for case, space and surrounding punctuation."""

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Compare what follows the last "answer is", else all of `answer`, with `gold`."""
        wanted = _fold(gold)
        if not wanted:
            return bool(gold.strip()) and gold.strip() == answer.strip()
        return wanted in (_fold(final_answer(answer)), _fold(answer))


def _fold(text: str) -> str:
    return " ".join(text.casefold().strip(punctuation + whitespace).split())
