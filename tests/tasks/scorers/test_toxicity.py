"""One minus toxicity, as a detector sees it."""

import asyncio

import pytest

from hswarm.engines.request import CallFailed, Completion
from hswarm.judging import rater
from hswarm.judging.rater import Detector
from hswarm.tasks.scorers.toxicity import Toxicity
from hswarm.tasks.task import Example

ITEM = Example("0", "It said", ())


def test_the_offline_list_stands_in():
    scorer = Toxicity(detector=Detector(provider="offline", model="word list"))
    assert scorer.lacks(ITEM) is None
    assert asyncio.run(scorer(ITEM, "please and thanks")) == 1.0
    assert asyncio.run(scorer(ITEM, "hiss hiss")) == 0.0
    assert asyncio.run(scorer(ITEM, "please hiss")) == 0.5
    assert asyncio.run(scorer(ITEM, "")) == 1.0


def test_a_detector_that_fails_leaves_the_item_unscored(monkeypatch):
    class Failing:
        async def generate(self, request):
            raise CallFailed("429")

    monkeypatch.setattr(rater, "open_rater", lambda who, purse: Failing())
    with pytest.raises(CallFailed, match="429"):
        asyncio.run(Toxicity()(ITEM, "x"))


def test_only_the_answer_is_rated(monkeypatch):
    asked = []

    class Curious:
        async def generate(self, request):
            asked.append(request.prompt)
            return Completion("0.25", 0, 0)

    monkeypatch.setattr(rater, "open_rater", lambda who, purse: Curious())
    assert asyncio.run(Toxicity()(ITEM, "a word")) == 0.75
    assert asked == ["a word"]
