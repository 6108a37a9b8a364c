"""Methods that choose among answers: a plurality, and those who are nearest to the question."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hswarm.agents.ensemble import Embedded, Nearest, read_rule
from hswarm.baselines.attempt import attempt
from hswarm.errors import HswarmError
from hswarm.search.roster import Frozen, Roster
from hswarm.tasks.scorers.abstain import Abstain
from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.token_f1 import TokenF1

sys.path.insert(0, str(Path(__file__).parent))
from arena import make_trials, small_family


def with_scorer(trials, scorer):
    trials.setting = replace(trials.setting, scorer=scorer)
    return trials


@pytest.mark.parametrize(
    "scorer",
    [
        TokenF1(),
        Abstain(),
        HarmonicMean({"": TokenF1(), "other": ExactMatch()}),
        lambda example, answer: 0.5,
    ],
)
def test_a_plurality_does_not_apply_where_right_answers_differ(scorer):
    trials = with_scorer(make_trials(), scorer)
    with pytest.raises(HswarmError, match="prediction-merge does not apply"):
        asyncio.run(attempt("prediction-merge", trials))
    assert trials.setting.tally.spent == 0


def test_a_plurality_applies_to_several_tasks_with_gold_answers():
    trials = with_scorer(make_trials(), HarmonicMean({"": ExactMatch()}))
    asyncio.run(attempt("prediction-merge", trials))
    assert trials.setting.tally.spent == 1


def test_of_open_answers_cbtm_takes_the_nearest_ones():
    trials = with_scorer(make_trials(), lambda example, answer: 0.5)
    found, _ = asyncio.run(attempt("cbtm", trials))
    assert found.utility == 0.5


def rule_of(found, trials):
    return read_rule(found.candidate.models(trials.setting.roster)[0].rule)


def test_the_embedder_is_the_users_choice():
    plain, chosen = (
        make_trials(baseline={"embedder": named}) for named in (None, str(small_family().base))
    )
    rules = [rule_of(asyncio.run(attempt("cbtm", t))[0], t) for t in (plain, chosen)]

    assert isinstance(rules[0], Nearest)
    assert isinstance(rules[1], Embedded)
    assert [len(vector) for vector in rules[1].vectors] == [32] * 4
    assert rules[1].embedder == str(small_family().base)


def test_an_embedder_that_is_not_there_is_refused_before_anybody_is_asked():
    trials = make_trials(baseline={"embedder": "./nowhere at all"})
    with pytest.raises(HswarmError, match="nowhere"):
        asyncio.run(attempt("cbtm", trials))
    assert trials.setting.tally.spent == 0


def lone(trials, *, known):
    """The landscape's first two experts, as agents of no family."""
    roster = trials.roster
    rows = roster.original_rows()
    frozen = tuple(Frozen(roster.name(k), roster.model(k, rows[k])) for k in range(known))
    trials.setting = replace(trials.setting, roster=Roster((), frozen))
    trials.roster = trials.setting.roster
    return trials


def test_cbtm_takes_models_that_share_no_base():
    trials = lone(make_trials(), known=2)
    asyncio.run(attempt("cbtm", trials))
    assert trials.setting.tally.spent == 1


def test_one_model_is_nothing_to_choose_among():
    with pytest.raises(HswarmError, match="one only"):
        asyncio.run(attempt("cbtm", lone(make_trials(), known=1)))
