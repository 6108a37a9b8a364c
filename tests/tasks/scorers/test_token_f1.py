"""How many words an answer shares with the gold one."""

import pytest

from hswarm.tasks.scorers.token_f1 import TokenF1
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract


class TestTokenF1(ScorerContract):
    scorer = TokenF1()
    examples = (
        Example("0", "?", ("Walt, judge",)),
        Example("1", "?", ("Yes", "certainly")),
        Example("2", "?", ("été 12.5",)),
    )


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("the LSTM", "an LSTM.", 1.0),
        ("a neural network", "network", 2 / 3),
        ("a neural network", "It is a neural network", 2 * 2 / (2 + 4)),
        ("a neural network", "I think so. The answer is a neural network.", 1.0),
        ("word word", "word", 2 / 3),
        ("word", "word word", 2 / 3),
        ("Unanswerable", "unanswerable!", 1.0),
        ("12.5", "125", 1.0),
        ("Yes", "No", 0.0),
        ("Yes", "", 0.0),
        ("the", "", 0.0),
        ("the", "a", 0.0),
        ("naïve", "naive", 0.0),
    ],
)
def test_scores(gold, answer, score):
    assert TokenF1()(Example("0", "?", (gold,)), answer) == pytest.approx(score)


def test_the_best_of_several_gold_answers_counts():
    item = Example("0", "?", ("one two", "three"))
    assert TokenF1()(item, "three") == 1.0
