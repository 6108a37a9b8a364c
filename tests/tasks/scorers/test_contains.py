"""The papers' own rules, lenient as they are."""

import pytest

from hswarm.tasks.scorers.contains import Contains, ContainsInLastWords
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract

EXAMPLES = tuple(Example("0", "?", (gold,)) for gold in ("Ben", "42", "-3"))


class TestContains(ScorerContract):
    scorer = Contains()
    examples = EXAMPLES


class TestContainsInLastWords(ScorerContract):
    scorer = ContainsInLastWords()
    examples = EXAMPLES


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("Ben", "It is Ben, not Ada", 1.0),
        ("12", "112", 1.0),
        ("Ben", "ben", 0.0),
        (" ", "a b", 0.0),
    ],
)
def test_the_gold_string_occurs(gold, answer, score):
    assert Contains()(Example("0", "?", (gold,)), answer) == score


def test_only_the_last_words_count():
    item = Example("0", "?", ("12",))
    assert ContainsInLastWords()(item, "12 is what I get from it") == 0.0
    assert ContainsInLastWords()(item, "so 12 is what I get") == 1.0
    assert ContainsInLastWords(words=6)(item, "12 is what I get from") == 1.0
    assert ContainsInLastWords()(Example("0", "?", (" ",)), "a b") == 0.0
