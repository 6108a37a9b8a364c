"""Token F1: how many words an answer shares with the gold one (Qasper; Dasigi et al., 2021).

Words are compared as in SQuAD (Rajpurkar et al., 2016): in lower case, without punctuation and
without a, an and the. A gold answer that has no word left is matched by none.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from string import punctuation
from typing import Final

from hswarm.tasks.scorers.final_answer import final_answer
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.task import Example

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION: Final = str.maketrans("", "", punctuation)


class TokenF1(BaseScorer):
    """The best F1 of the final answer's words with those of a gold answer, 0 to 1."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """An F1."""
        return 0.0, 1.0

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return the F1; the whole answer is compared where nothing is marked as final."""
        said = Counter(words_of(final_answer(answer)))
        return max((f1(_gold_words(gold), said) for gold in example.answers), default=0.0)


def words_of(text: str) -> list[str]:
    """Return the words that are compared."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def f1(gold: Counter[str], said: Counter[str]) -> float:
    """Return the harmonic mean of precision and recall of `said`, counting repeated words."""
    if not gold or not said:
        return 0.0
    shared = sum(min(count, said[word]) for word, count in gold.items() if word in said)
    return 2 * shared / (gold.total() + said.total())


@lru_cache(maxsize=4096)
def _gold_words(gold: str) -> Counter[str]:
    """Return the words of a gold answer, of which many answers are compared with the same."""
    return Counter(words_of(gold))
