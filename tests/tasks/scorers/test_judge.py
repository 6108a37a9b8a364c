"""A judge's rating: its prompts, its form, and what happens when it is not in form."""

import asyncio

import pytest

from hswarm.engines.request import CallFailed, Completion
from hswarm.judging import rater
from hswarm.tasks.scorers.judge import JudgeScorer, parse_rating
from hswarm.tasks.task import Example


class Scripted:
    """A judge that says what it is told to, and remembers what it was asked."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    async def generate(self, request):
        self.asked.append(request)
        return Completion(self.replies[min(len(self.asked), len(self.replies)) - 1], 1, 1)


@pytest.fixture
def judged(monkeypatch):
    """Return a scorer of a prompt whose judge replies as scripted, and the judge."""

    def make(prompt, *replies):
        judge = Scripted(*replies)
        monkeypatch.setattr(rater, "open_rater", lambda who, purse: judge)
        return JudgeScorer(prompt=prompt), judge

    return make


def score(scorer, example, answer):
    return asyncio.run(scorer(example, answer))


@pytest.mark.parametrize(
    ("reply", "rating"),
    [
        ("Rating: 7/10", 7),
        ("rating: 10/10. It is perfect.", 10),
        ("**Rating:** 3/10\nToo short", 3),
        ("Rating: **8**/10", None),
        ("  Rating : 1 / 10", 1),
        ('"Rating: 5/10"', 5),
        ("# Rating: 6/10", 6),
        ("Rating: 0/10", None),
        ("Rating: 11/10", None),
        ("Rating: 7.5/10", None),
        ("Rating: 7/100", None),
        ("Rating: 7", None),
        ("7/10", None),
        ("I would say Rating: 7/10", None),
        ("Rating: ?/10", None),
        ("Rating: -3/10", None),
        ("Rating: ７/10", None),
        ("", None),
    ],
)
def test_a_rating_is_parsed_strictly(reply, rating):
    assert parse_rating(reply) == rating


def test_similarity_compares_with_the_gold_answer_at_temperature_0(judged):
    scorer, judge = judged("similarity", "Rating: 7/10 because")
    assert score(scorer, Example("0", "Why?", ("{answer} in braces",)), "said {gold}") == 0.7
    (request,) = judge.asked
    assert request.prompt.endswith(
        "Ground truth: {answer} in braces\n\nGenerated response: said {gold}"
    )
    assert "Why?" not in request.prompt
    assert request.sampling.temperature == 0.0


def test_quality_rates_a_response_beside_a_good_example(judged):
    scorer, judge = judged("quality", "Rating: 2/10")
    item = Example("0", "Explain tides.", ())
    assert scorer.lacks(item) is None
    assert score(scorer, item, "The moon.") == 0.2
    assert judge.asked[0].prompt.endswith("Instruction: Explain tides.\n\nResponse: The moon.")
    assert "tourism influence property values" in judge.asked[0].prompt


def test_the_same_is_asked_once(judged):
    scorer, judge = judged("similarity", "Rating: 7/10")
    item = Example("0", "Why?", ("x",))
    assert [score(scorer, item, "y") for _ in range(3)] == [0.7] * 3
    assert len(judge.asked) == 1


def test_the_most_similar_gold_answer_counts(judged):
    scorer, _ = judged("similarity", "Rating: 2/10", "Rating: 9/10")
    assert score(scorer, Example("0", "Why?", ("x", "y")), "z") == 0.9


def test_a_judge_out_of_form_is_asked_again_and_told_the_form(judged):
    scorer, judge = judged("similarity", "I like it: 7", "Rating: 7/10")
    assert score(scorer, Example("0", "Why?", ("x",)), "y") == 0.7
    first, second = (request.prompt for request in judge.asked)
    assert second.startswith(first)
    assert 'Begin your reply with "Rating: ?/10"' in second.removeprefix(first)


def test_then_the_item_is_not_scored(judged):
    scorer, judge = judged("similarity", "seven")
    with pytest.raises(CallFailed, match="the judge gave no rating but 'seven'"):
        score(scorer, Example("0", "Why?", ("x",)), "y")
    assert len(judge.asked) == 2


def test_similarity_needs_a_gold_answer():
    assert JudgeScorer(prompt="similarity").lacks(Example("0", "?", ())) == "has no answer"
