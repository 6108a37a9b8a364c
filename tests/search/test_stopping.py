"""Evaluations that end early lose nothing."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.config import merge, search_config
from hswarm.errors import HswarmError
from hswarm.evaluate import Evaluation
from hswarm.search.loop import search, settled
from hswarm.search.stopping import Bar, Easiness, evaluate_while_it_matters
from hswarm.tasks.task import Example

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting

ITEMS = 30


class Threshold:
    """Right where the landscape is high enough, each item at another height."""

    bounds = (0.0, 1.0)

    def __call__(self, example, answer):
        return float(float(answer) > 0.35 + 0.6 * int(example.id) / ITEMS)


class Unbounded(Threshold):
    bounds = None


SEARCHES = {
    "model-swarms": {"method": "model-swarms", "weight": {"particles": 7, "step_length": 0.7}},
    "dropping": {
        "method": "model-swarms",
        "weight": {"particles": 5, "step_length": 0.9, "drop_particle": 0.3, "drop_iteration": 0.2},
    },
    "role-only": {"method": "role-only", "role": {"density_penalty": 0.1, "adopt": True}},
    "heterogeneous": {"role": {"moves": 3, "order_rounds": 1}},
    "careful": {"role": {"moves": 0}, "weight": {"acceptance": "better", "step_length": 0.7}},
    "weight-only": {"method": "weight-only", "weight": {"step_length": 0.7}},
}
"""Searches in which items can be spared."""

WHOLE = {
    "as printed": {"weight": {"credit": "assignments"}, "role": {"moves": 0}},
    "finalists": {"method": "model-swarms", "held": 0.2, "finalists": 3},
    "learning": {"method": "model-swarms", "weight": {"optimizer": "de", "particles": 5}},
}
"""Searches that need every score."""


def run(changes, *, seed=0, scorer=None, **extra):
    config = search_config(
        "default", merge({"max_iterations": 4, "seed": seed}, {**changes, **extra})
    )
    setting = make_setting(config, Landscape(), items=ITEMS)
    states, lines = [], []
    setting = replace(
        setting,
        config=settled(config, setting.roster),
        scorer=scorer or Threshold(),
        record=lines.append,
    )
    asyncio.run(search(setting, states.append))
    return setting.tally, states, lines


def trajectory(states):
    """Return all that decides where a search goes: both swarms, their bests, what was found."""
    return [
        json.dumps(
            [
                state.role.to_json() if state.role else None,
                [swarm.to_json() for swarm in state.weights],
                state.found.to_json(),
                state.stale,
            ]
        )
        for state in states
    ]


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("seed", range(2))
def test_the_search_is_the_same_on_fewer_items(name, seed):
    _, whole, _ = run(SEARCHES[name], seed=seed)
    tally, early, lines = run(SEARCHES[name], seed=seed, early_stop=True)

    assert trajectory(early) == trajectory(whole)
    assert tally.spared > 0 or name == "weight-only"
    assert tally.spared <= sum(line.get("spared", 0) for line in lines)


@pytest.mark.parametrize("name", WHOLE)
def test_where_scores_are_needed_in_full_none_is_left_out(name):
    tally, early, lines = run(WHOLE[name], early_stop=True)
    _, whole, same = run(WHOLE[name])
    assert tally.spared == 0
    assert lines == same
    assert trajectory(early) == trajectory(whole)


def test_a_scorer_without_a_range_is_asked_for_everything():
    tally, _, _ = run(SEARCHES["model-swarms"], early_stop=True, scorer=Unbounded())
    assert tally.spared == 0


def test_only_one_of_the_two_ways_can_be_taken():
    with pytest.raises(HswarmError, match="only one of them"):
        search_config("default", {"early_stop": True, "race": 0.9})


scores = st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(scores, st.floats(0, 1), st.floats(0, 1), st.randoms())
def test_what_ends_early_could_not_have_mattered(own, high, low, random):
    examples = [Example(str(k), "", ("",)) for k in range(len(own))]
    ranked = list(range(len(own)))
    random.shuffle(ranked)
    waves = []

    async def asked(part):
        waves.append(len(part))
        return Evaluation.of([own[int(example.id)] for example in part], [])

    done = asyncio.run(
        evaluate_while_it_matters(examples, Bar(high, low), (0.0, 1.0), ranked, asked)
    )
    utility = sum(own) / len(own)
    assert sum(waves) == len(own) - done.spared
    if done.spared:
        assert np.isnan(done.utility)
        assert low <= utility <= high
    else:
        assert done.utility == utility


def test_it_takes_the_fewest_items_that_can_settle_it():
    """Ten items, 7 missed: at most 0.4 is known after six misses if they come first."""
    own = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    examples = [Example(str(k), "", ("",)) for k in range(10)]

    async def asked(part):
        return Evaluation.of([float(own[int(example.id)]) for example in part], [])

    done = asyncio.run(
        evaluate_while_it_matters(examples, Bar(0.4, 0.1), (0.0, 1.0), range(10), asked)
    )
    assert done.spared == 10 - 6 - 1


def test_a_failed_call_is_neither_a_hit_nor_a_miss():
    examples = [Example(str(k), "", ("",)) for k in range(4)]

    async def asked(part):
        some = [None if example.id == "0" else 0.0 for example in part]
        return Evaluation.of(some, ["0: it failed"] * some.count(None))

    done = asyncio.run(evaluate_while_it_matters(examples, Bar(0.4), (0.0, 1.0), range(4), asked))
    assert done.failures == ("0: it failed",)
    assert done.spared == 1
    assert np.isnan(done.utility)


def test_items_are_ranked_by_how_they_went():
    examples = [Example(name, "", ("",)) for name in "abc"]
    easiness = Easiness()
    easiness.add(examples, [1.0, 0.0, 0.5])
    easiness.add(examples[:2], [1.0, None])
    assert easiness.rank(examples) == [1, 2, 0]
    again = Easiness()
    again.restore(json.loads(json.dumps(easiness.to_json())))
    assert again.rank(examples) == [1, 2, 0]
