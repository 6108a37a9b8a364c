"""Rewards on the scale of the base model's answers, and how long an answer is."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.engines.request import CallFailed, Completion
from hswarm.errors import HswarmError
from hswarm.judging import rater
from hswarm.judging.rater import Rewarder
from hswarm.tasks.scorers.reward import Reward, percentile
from hswarm.tasks.task import Calibrating, Example

ITEM = Example("0", "Tell me.", ())


class Worth:
    """Rewards the first word of a response, a number; anything else is a failed call."""

    async def generate(self, request):
        _, response = json.loads(request.prompt)
        if not response.split()[0].lstrip("-").isdigit():
            raise CallFailed("no reward")
        return Completion(response.split()[0], 0, 0)


@pytest.fixture
def reward(monkeypatch):
    monkeypatch.setattr(rater, "open_rater", lambda who, purse: Worth())

    def make(mode="general", *answers):
        scorer = Reward(reward=Rewarder(model="x/y"), mode=mode)
        assert isinstance(scorer, Calibrating)
        return asyncio.run(scorer.calibrate([(ITEM, answer) for answer in answers]))

    return make


def score(scorer, answer):
    return asyncio.run(scorer(ITEM, answer))


@pytest.mark.parametrize(("answer", "value"), [("-2", 0.0), ("3", 0.5), ("8", 1.0), ("13", 1.5)])
def test_the_base_models_worst_and_best_are_0_and_1(reward, answer, value):
    assert score(reward("general", "-2 a", "8 b", "1 c"), answer) == value


@pytest.mark.parametrize(
    ("mode", "answer", "value"),
    [
        ("verbose", "8 longer than any other one", 1.0),
        ("verbose", "8", (1.0 + 1 / 6) / 2),
        ("concise", "8", (1.0 + 5 / 6) / 2),
        ("concise", "8 longer than any other one", 0.5),
        ("verbose", "-2 b", 0.25),
    ],
)
def test_verbose_and_concise_are_the_mean_with_the_lengths_share(reward, mode, answer, value):
    assert score(reward(mode, "-2", "8 b", "1 c d"), answer) == pytest.approx(value)


def test_answers_without_a_reward_are_left_out_of_the_scale(reward):
    assert score(reward("general", "0", "none", "4"), "2") == 0.5
    with pytest.raises(HswarmError, match="rated fewer than two answers"):
        reward("general", "0", "none")


def test_where_the_base_model_has_one_reward_its_unit_is_the_scale(reward):
    assert score(reward("general", "3", "3"), "9") == 6.0
    assert score(reward("general", "3", "3"), "3") == 0.0


def test_an_answer_without_a_reward_is_not_scored(reward):
    with pytest.raises(CallFailed):
        score(reward("general", "0", "4"), "none")


def test_it_does_not_score_before_it_has_a_scale():
    with pytest.raises(ValueError, match="before it is calibrated"):
        asyncio.run(Reward(reward=Rewarder(model="x/y"))(ITEM, "a"))


@given(st.lists(st.integers(0, 20), min_size=1), st.integers(-1, 21))
def test_a_percentile_is_the_share_below_and_half_of_the_equals(lengths, length):
    below = sum(k < length for k in lengths) + sum(k == length for k in lengths) / 2
    assert percentile(sorted(lengths), length) == pytest.approx(below / len(lengths))
