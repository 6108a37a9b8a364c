"""Tasks of several rounds: told questions, and a calculator at hand."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.errors import HswarmError
from hswarm.judging.rater import OfflineJudge, Rewarder
from hswarm.tasks.calculator import corrections
from hswarm.tasks.rounds import Calculator, Dialogue, Told, make_rounds
from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.scorers.judge import JudgeScorer
from hswarm.tasks.scorers.last_number import LastNumber
from hswarm.tasks.scorers.reward import Reward
from hswarm.tasks.task import Aggregating, Asking, Example, Outside, Round

ASKED = Example("0", "Whose friend?", ("Ben",), rounds=(Round("{answer}'s job?", ("cook",)),))


def test_the_next_question_quotes_the_answer_before_and_the_last_one_counts():
    task = make_rounds("told", {}, ExactMatch())
    assert isinstance(task, Asking)
    following = task.follow_up(ASKED, "Her friend is Ben. The answer is Ben.")
    assert following.question == "Ben's job?"
    assert following.answers == ("cook",)
    assert task.follow_up(following, "cook") is None
    assert task(following, "The answer is cook.") == 1.0


def test_a_calculator_tells_what_is_missing_or_wrong_and_then_is_quiet():
    task = Dialogue(Calculator(most=2), LastNumber())
    item = Example("0", "97 boxes with 86 each?", ("8342",))
    told = task.follow_up(item, "97 * 86 = 8000. The answer is 8000.")
    assert told.question == item.question
    assert told.context_chunks == ("97 * 86 = 8342",)
    assert task.follow_up(told, "97 * 86 = 8342.") is None
    assert task.follow_up(told, "97 * 86 = 8000.") is None
    more = task.follow_up(told, "97 + 86 = and 1 + 1 = and 2 + 2 =")
    assert len(more.context_chunks) == 2
    assert task.follow_up(more, "5 + 5 =") is None
    assert task(more, "The answer is 8,342.") == 1.0


def test_a_dialogue_takes_its_scorers_utility():
    class Least:
        def __call__(self, example, answer):
            return 1.0

        def utility(self, examples, scores):
            return min(scores)

    assert isinstance(Dialogue(Told(), Least()), Aggregating)
    assert Dialogue(Told(), Least()).utility([ASKED, ASKED], [0.2, 0.8]) == 0.2
    assert Dialogue(Told(), ExactMatch()).utility([ASKED, ASKED], [0.2, 0.8]) == 0.5


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("12 * 7 =", ["12 * 7 = 84"]),
        ("12 × 7 = 84", []),
        ("12*7=84.0", []),
        ("2 + 3 * 4 = 20", ["2 + 3 * 4 = 14"]),
        ("7 / 2 =", ["7 / 2 = 3.5"]),
        ("7 / 3 =", ["7 / 3 = 2.33333333333"]),
        ("7 / 3 = 2.33", []),
        ("7 / 3 = 2.34", ["7 / 3 = 2.33333333333"]),
        ("7 / 2 = 3", ["7 / 2 = 3.5"]),
        ("10 − 12 = -2", []),
        ("1 / 0 =", []),
        ("So x = 3 and y = 4", []),
        ("no numbers = here", []),
        ("1 + 1 = 2. 2 + 2 = 5.", ["2 + 2 = 4"]),
        ("__import__('os') + 1 =", []),
        ("9" * 40 + " * 2 =", []),
        ("", []),
    ],
)
def test_what_a_calculator_corrects(text, results):
    assert list(corrections(text)) == results


@given(st.text(alphabet="0123456789+-*/=. ,x", max_size=60))
def test_any_text_can_be_read(text):
    list(corrections(text))


def test_rounds_before_a_judge_leave_it_a_judge():
    judged = make_rounds("told", {}, JudgeScorer(prompt="similarity", judge=OfflineJudge()))
    assert isinstance(judged, Outside)
    judged.check()
    asked = judged.follow_up(ASKED, "The answer is Ben.")
    assert asked.question == "Ben's job?"

    async def rate():
        try:
            return await judged(asked, "cook")
        finally:
            await judged.aclose()

    assert asyncio.run(rate()) == 1.0
    assert not isinstance(make_rounds("told", {}, ExactMatch()), Outside)


def test_a_reward_has_no_scale_after_rounds():
    with pytest.raises(HswarmError, match="cannot be scored by a reward model"):
        make_rounds("told", {}, Reward(reward=Rewarder(model="x/y")))


def test_unknown_rounds_are_a_user_error():
    with pytest.raises(HswarmError, match="no kind of rounds 'tell'"):
        make_rounds("tell", {}, ExactMatch())
    with pytest.raises(HswarmError, match="there is no key 'many'"):
        make_rounds("calculator", {"many": 1}, ExactMatch())
