"""The baselines on a landscape whose best expert, and best order, can be computed by hand."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest

from hswarm.baselines.best_single import best_single
from hswarm.baselines.static_role import best_of_shape
from hswarm.config import search_config

sys.path.insert(0, str(Path(__file__).parents[1] / "search"))
from landscape import TARGET, Landscape, make_setting


def setting(seed: int = 0):
    return make_setting(search_config("default", {"seed": seed}), Landscape())


def test_the_best_single_is_the_expert_nearest_to_the_target():
    found = asyncio.run(best_single(setting()))

    assert np.argmax(TARGET) == 0
    assert found.candidate.agents == (0,)
    near = 1 / (1 + np.abs(np.eye(4)[0] - TARGET).sum())
    assert found.utility == pytest.approx(near + np.mean([0, 1, 2]) / 1000)


def test_every_expert_is_asked_once_per_item():
    here = setting()
    asyncio.run(best_single(here))

    assert len(here.engine.asked) == 4 * len(here.examples)


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_a_static_role_is_a_shape_of_all_experts_as_they_are(shape):
    found = asyncio.run(best_of_shape(setting(), shape, 6))
    dag, rows = found.candidate.dag, np.array(found.candidate.rows)

    assert sorted(found.candidate.agents) == [0, 1, 2, 3]
    assert set(map(tuple, rows.tolist())) == set(map(tuple, np.eye(4).tolist()))
    counts = sorted(len(parents) for parents in dag.parents)
    assert counts == ([0, 1, 1, 1] if shape == "chain" else [0, 1, 1, 2])


def test_more_orders_are_never_worse_and_hold_the_fewer():
    few = asyncio.run(best_of_shape(setting(), "chain", 3))
    many = asyncio.run(best_of_shape(setting(), "chain", 20))

    assert many.utility >= few.utility


def test_the_orders_belong_to_the_seed():
    first, same, *others = (
        asyncio.run(best_of_shape(setting(seed), "chain", 1)).candidate.dag
        for seed in (0, 0, 1, 2, 3, 4)
    )
    assert first == same
    assert set(others) != {first}
