"""The papers' own rules for exact match: the gold string occurs in the answer.

They are kept for comparison with published numbers. They are lenient: "12" occurs in "112", and
"No" in "Node 3".
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example


class Contains(GoldScorer):
    """The gold string occurs anywhere, letter by letter."""

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Say whether `gold` occurs in `answer`."""
        return gold.strip() in answer if gold.strip() else False


class ContainsInLastWords(GoldScorer):
    """The gold string occurs within the last words; words are what single spaces separate."""

    words: Annotated[int, Field(ge=1)] = 5

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Say whether `gold` occurs in the last `words` words of `answer`."""
        last = " ".join(answer.split(" ")[-self.words :])
        return gold.strip() in last if gold.strip() else False
