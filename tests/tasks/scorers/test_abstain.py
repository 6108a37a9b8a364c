"""Two rounds: an answer, and whether to stand by it."""

import pytest

from hswarm.tasks.scorers.abstain import Abstain, keeps
from hswarm.tasks.task import Asking, Example

ITEM = Example("0", "Which barks?\nA: cat\nB: dog", ("B",), {"A": "cat", "B": "dog"})


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        ("The answer is B.", "true", 1.0),
        ("The answer is B.", "false", 0.0),
        ("The answer is A.", "True", -1.0),
        ("The answer is A.", "False.", 0.0),
        ("no idea", "true", -1.0),
        ("no idea", "who knows", 0.0),
    ],
)
def test_effective_reliability_item_by_item(first, second, score):
    scorer = Abstain()
    assert isinstance(scorer, Asking)
    asked = scorer.follow_up(ITEM, first)
    assert scorer.follow_up(asked, second) is None
    assert scorer(asked, second) == score


@pytest.mark.parametrize(
    ("answer", "proposed"),
    [
        ("Dogs do. The answer is B.", "B"),
        ("It is a horse.\nSurely.", "It is a horse.\nSurely"),
        ("", "none"),
    ],
)
def test_the_second_round_shows_the_question_and_what_was_answered(answer, proposed):
    asked = Abstain().follow_up(ITEM, answer).question
    assert asked.startswith(f"{ITEM.question}\nProposed answer: {proposed}\n")
    assert asked.endswith("Directly answer with true or false.")


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("true", True),
        ("True.", True),
        ("**TRUE**", True),
        ("(true)", True),
        ("True, it is not false", True),
        ("false", False),
        ("False, although it looks true", False),
        ("The proposed answer is true.", True),
        ("It would be true of cats, but here it is false.", False),
        ("untrue", False),
        ("truely", False),
        ("yes", False),
        ("", False),
    ],
)
def test_what_keeps_an_answer(answer, kept):
    assert keeps(answer) is kept
