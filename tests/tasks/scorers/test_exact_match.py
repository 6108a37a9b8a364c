"""The final answer against the gold one."""

import pytest

from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract


class TestExactMatch(ScorerContract):
    scorer = ExactMatch()
    examples = (
        *(Example("0", "?", (gold,)) for gold in ("Ben", "U.S.", "?", "The answer is blowing")),
        Example("0", "?", ("New York", "NYC")),
    )


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("Ben", "The answer is Ben.", 1.0),
        ("Ben", 'The answer is "ben"!', 1.0),
        ("Ben", "Ada's friend is Ben.", 0.0),
        ("New York", "new\tYORK", 1.0),
        ("New York", "newyork", 0.0),
        ("Ben", "Bén", 0.0),
        ("3.5", "3.50", 0.0),
        ("?", "!", 0.0),
    ],
)
def test_reads(gold, answer, score):
    assert ExactMatch()(Example("0", "?", (gold,)), answer) == score
