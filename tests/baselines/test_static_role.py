"""Hand-made shapes over random orders."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest

from hswarm.baselines.static_role import best_of_shape, static_role

sys.path.insert(0, str(Path(__file__).parent))
from arena import make_trials

READS = {
    "chain": [0, 1, 1, 1],
    "star": [0, 1, 1, 2],
    "tree": [0, 0, 1, 2],
    "debate": [0, 1, 1, 1],
    "jury": [0, 0, 0, 3],
}


def found(shape, orders, seed=0):
    trials = make_trials(seed)
    asyncio.run(best_of_shape(trials, shape, orders))
    return trials.found


@pytest.mark.parametrize("shape", READS)
def test_a_static_role_is_a_shape_of_all_experts_as_they_are(shape):
    candidate = found(shape, 6).candidate

    assert sorted(candidate.agents) == [0, 1, 2, 3]
    assert set(candidate.rows) == set(map(tuple, np.eye(4).tolist()))
    assert sorted(map(len, candidate.dag.parents)) == READS[shape]


def test_more_orders_are_never_worse_and_hold_the_fewer():
    assert found("chain", 20).utility >= found("chain", 3).utility


def test_the_orders_belong_to_the_seed():
    first, same, *others = (found("chain", 1, s).candidate.dag for s in (0, 0, 1, 2, 3, 4))

    assert first == same
    assert set(others) != {first}


def test_a_budget_buys_more_orders_or_fewer():
    few, many = make_trials(limit=3), make_trials(limit=24)
    for trials in (few, many):
        asyncio.run(static_role(trials, "chain"))

    assert few.setting.tally.spent == 3
    assert many.setting.tally.spent > 15  # some of 24 orders of four are drawn twice
