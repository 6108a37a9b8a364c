"""GAIA's rules for numbers, lists and texts."""

import pytest

from hswarm.tasks.scorers.gaia import Gaia
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract

GOLDS = ("42", "0.5", "-3", "Ben", "U.S.", "a, b. c; 4", "1,000", "nan", "Infinity", "¬", "+", ".")


class TestGaia(ScorerContract):
    scorer = Gaia()
    examples = (
        *(Example("0", "?", (gold,)) for gold in GOLDS),
        Example("0", "?", ("St. Louis", "Saint Louis")),
    )


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        # Where the answer is
        ("Ben", "Ada's friend is Ben. The answer is Ben.", 1.0),
        ("Ben", "The answer is Ada. The answer is Ben.", 1.0),
        ("Ben", "FINAL ANSWER: Ben", 1.0),
        ("Ben", "Final answer:\nBen\n\nI hope this helps", 1.0),
        ("Ben", "**FINAL ANSWER:** Ben", 1.0),
        ("Ben", "**FINAL ANSWER: Ben.**", 1.0),
        ("Ben", "The answer is **Ben**.", 1.0),
        ("Ben", "Ben", 1.0),
        ("Ben", "Ada's friend is Ben.", 0.0),
        ("Ben", "The answer isn't Ben", 0.0),
        ("Ben", "The answer is Ben, or Ada.", 0.0),
        ("Ben", "The answer is unknown.", 0.0),
        ("Ben", "Benjamin", 0.0),
        # Texts: case, space and punctuation do not count
        ("New York", "newyork", 1.0),
        ("New York", "New-York!", 1.0),
        ("U.S.", "The answer is US", 1.0),
        ("Ben", "“Ben”", 0.0),
        ("+", "-", 0.0),
        # Numbers: $, % and separators do not count, and nothing else may stand there
        ("1000", "$1,000", 1.0),
        ("1000", "The answer is 1,000.", 1.0),
        ("1000", "The answer is 1000.0", 1.0),
        ("60", "60%", 1.0),
        ("0.5", ".5", 1.0),
        ("-3", "-3", 1.0),
        ("42", "42 apples", 0.0),
        ("42", "forty-two", 0.0),
        ("42", "42, 43", 0.0),
        ("0", "", 0.0),
        ("42", "nan", 0.0),
        # Lists: in order and of one length, separated by comma or semicolon
        ("b, c", "The answer is B,C.", 1.0),
        ("b, c", "b; c", 1.0),
        ("b, c", "c, b", 0.0),
        ("b, c", "b", 0.0),
        ("b, c", "b, c, d", 0.0),
        ("1, 2.50", "1,$2.5", 1.0),
        ("St. Ives, b", "st. ives, b", 1.0),
        ("St. Ives, b", "st ives, b", 0.0),
    ],
)
def test_reads(gold, answer, score):
    assert Gaia()(Example("0", "?", (gold,)), answer) == score
