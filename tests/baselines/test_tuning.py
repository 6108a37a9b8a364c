"""Methods that train the best single expert: what they refuse, and when."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hswarm.baselines import data_merge
from hswarm.baselines.attempt import attempt
from hswarm.baselines.sft import _gold
from hswarm.errors import HswarmError
from hswarm.experts import supervised
from hswarm.tasks.scorers.abstain import Abstain
from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.multiple_choice import MultipleChoice
from hswarm.tasks.task import Example

sys.path.insert(0, str(Path(__file__).parent))
from arena import EXPERTS, make_shop

MAKERS = ["slerp", "dare-ties", "model-stock", "evol-merge", "data-merge", "sft", "dpo", "ppo"]


class Rating:
    """Rates systems as a whole."""

    async def rate(self, examples, ask, /):
        raise NotImplementedError


def item(part=""):
    return Example("1", "Which?", ("B",), choices={"A": "Oslo", "B": "Paris"}, part=part)


def refused(method, trials, why):
    with pytest.raises(HswarmError, match=why) as refusal:
        asyncio.run(attempt(method, trials))
    assert trials.setting.tally.spent == 0
    return refusal.value


@pytest.mark.parametrize("method", ["dpo", "ppo"])
@pytest.mark.parametrize(
    ("scorer", "why"), [(Abstain(), "asks in rounds"), (Rating(), "systems as a whole")]
)
def test_what_has_no_score_for_an_answer_is_refused_before_anybody_is_asked(method, scorer, why):
    trials = make_shop()
    trials.setting = replace(trials.setting, scorer=scorer, examples=(item(),))
    assert "show methods" in refused(method, trials, why).hint


@pytest.mark.parametrize("method", ["dpo", "ppo"])
def test_a_library_that_is_missing_is_missed_before_anybody_is_asked(method, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(supervised, "import_module", absent)
    assert "hswarm[training]" in refused(method, make_shop(), f"{method} needs TRL").hint


@pytest.mark.parametrize("method", [m for m in MAKERS if m not in ("dpo", "ppo")])
def test_an_engine_that_takes_on_nobody_is_refused_before_anybody_is_asked(method):
    class Closed:
        def check_adopting(self, beside):
            raise HswarmError("This engine takes on no experts.", hint="Use another.")

    trials = make_shop()
    trials.workshop.engine = Closed()
    refused(method, trials, "takes on no experts")
    assert not trials.workshop.folder.exists()


@pytest.mark.parametrize("method", ["slerp", "dare-ties", "model-stock", "evol-merge", "sft"])
def test_a_budget_that_would_end_without_a_result_is_not_spent(method):
    trials = make_shop(limit=EXPERTS)
    assert "higher --max-evaluations" in refused(method, trials, "after 0 evaluations").hint


def test_nothing_is_trained_that_could_not_be_evaluated(monkeypatch):
    def train(*given, **more):
        raise AssertionError("trained")

    monkeypatch.setattr(data_merge, "finetune", train)
    trials = make_shop(limit=1)
    trials.setting.tally.take(1, len(trials.setting.examples))
    with pytest.raises(HswarmError, match="after 1 evaluation"):
        asyncio.run(attempt("data-merge", trials))


class Judge:
    """Somebody who has to be waited for."""

    async def __call__(self, example, answer, /):
        raise AssertionError("a judge was asked")


@pytest.mark.parametrize(
    ("scorer", "said"),
    [
        (MultipleChoice(), "The answer is B."),
        (Abstain(), "The answer is B."),
        (HarmonicMean({"": MultipleChoice()}), "The answer is B."),
        (ExactMatch(), "The answer is B."),
        (Judge(), "B"),
        (Rating(), "B"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_gold_answer_is_put_into_words_that_the_scorer_takes(scorer, said):
    assert _gold(item(), scorer) == said
