"""Experts that leave a search and join it; then it goes on."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.config import search_config
from hswarm.graph.shapes import chain
from hswarm.search.found import Candidate, Found
from hswarm.search.loop import begin, iterate, measure_again, search, settled
from hswarm.search.membership import Place, enter, leave
from hswarm.search.state import SearchState

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting

METHODS = ("heterogeneous", "weight-only", "model-swarms")
ROLES = {"role": {"encoding": "seats", "moves": 2, "order_rounds": 1, "edge_rounds": 0}}


def setting_of(method, experts=4, particles=None, **changes):
    weight = {"weight": {"particles": particles}} if particles else {}
    settings = {"method": method, "max_iterations": 4, **weight, **changes}
    setting = make_setting(search_config("default", settings), Landscape(), experts=experts)
    return replace(setting, config=settled(setting.config, setting.roster))


def searched(setting, iterations=2):
    async def go():
        state = await begin(setting)
        for _ in range(iterations):
            state = await iterate(state, setting)
        return state

    return asyncio.run(go())


def go_on(setting, state):
    """Return every further state, the one after measuring first; through JSON, as a run does."""
    saved = json.loads(json.dumps(state.to_json(), default=lambda array: array.tolist()))
    saved["jfk"] = [float("nan") if score is None else score for score in saved["jfk"]]
    states = []
    asyncio.run(search(setting, states.append, SearchState.from_json(saved)))
    return states


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gone", [0, 3])
def test_a_search_goes_on_without_an_expert(method, gone):
    before = setting_of(method, particles=6)
    state = searched(before)
    left = leave(state, Place(0, gone, 0, 4, 4), before.config)
    after = setting_of(method, experts=3, particles=5)
    states = go_on(after, left)

    assert [s.iteration for s in states] == [2, 3, 4]
    measured = states[0]
    assert not measured.unmeasured
    assert np.isfinite(measured.found.utility)
    assert measured.weights[0].position.shape == (5, 3)
    np.testing.assert_array_equal(measured.weights[0].position, left.weights[0].position)
    rows = [row for s in states for row in s.found.candidate.rows]
    np.testing.assert_allclose([sum(row) for row in rows], 1.0)
    assert {len(row) for row in rows} == {3}


@pytest.mark.parametrize("method", METHODS)
def test_a_search_goes_on_with_another_expert(method):
    before = setting_of(method, experts=3, particles=5)
    state = searched(before)
    joined = enter(state, Place(0, 3, 0, 4, 4), before.config)
    after = setting_of(method, experts=4, particles=6)
    states = go_on(after, joined)

    assert states[0].weights[0].position.shape == (6, 4)
    assert states[0].weights[0].position[3].tolist() == [0, 0, 0, 1]
    assert states[-1].iteration == 4


@pytest.mark.parametrize("encoding", ["matrix", "order", "seats"])
def test_everybody_else_keeps_their_edges_and_seats(encoding):
    roles = {"role": {**ROLES["role"], "encoding": encoding}}
    setting = setting_of("heterogeneous", **roles)
    state = searched(setting)
    place = Place(0, 1, 0, 4, 4)
    left = leave(state, place, setting.config)
    matrices = state.role.position[:, :16].reshape(-1, 4, 4)
    kept = matrices[:, [0, 2, 3]][:, :, [0, 2, 3]]
    np.testing.assert_array_equal(left.role.position[:, :9].reshape(-1, 3, 3), kept)
    again = enter(left, place, setting.config)
    back = again.role.position[:, :16].reshape(-1, 4, 4)
    np.testing.assert_array_equal(back[:, [0, 2, 3]][:, :, [0, 2, 3]], kept)
    if encoding == "seats":
        seats = lambda s, n: np.floor(s.role.position[:, n * n :] * n).clip(0, n - 1)  # noqa: E731
        before, between, after = seats(state, 4), seats(left, 3), seats(again, 4)
        others = before[:, [0, 2, 3]]
        moved = np.where(others > 1, others - 1, np.minimum(others, 2))
        np.testing.assert_array_equal(between, moved)
        assert (after[:, 1] == 1).all()
        np.testing.assert_array_equal(after[:, [0, 2, 3]], np.where(moved >= 1, moved + 1, moved))


def test_the_best_found_system_loses_the_nodes_in_which_the_expert_sat():
    setting = setting_of("heterogeneous")
    state = searched(setting, iterations=0)
    rows = ((0.5, 0.5, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.2, 0.8))
    candidate = Candidate(chain([0, 1, 2]), (0, 1, 3), rows)
    left = leave(
        replace(state, found=Found(candidate, 0.9, 0)), Place(0, 1, 0, 4, 4), setting.config
    )
    assert left.found.candidate == Candidate(
        chain([0, 1]), (0, 2), ((1.0, 0.0, 0.0), (0.0, 0.2, 0.8))
    )
    alone = Found(Candidate(chain([0]), (1,), ((0.0, 1.0, 0.0, 0.0),)), 0.9, 0)
    assert leave(replace(state, found=alone), Place(0, 1, 0, 4, 4), setting.config).found is None


def test_what_is_known_of_models_alone_is_not_asked_again():
    """In Model Swarms a model's utility is its own: whoever had nothing of the expert keeps it."""
    setting = setting_of("model-swarms", particles=4, weight={"step_length": 0.01})
    state = searched(setting, iterations=0)
    left = leave(state, Place(0, 2, 0, 4, 4), setting.config)
    after = setting_of("model-swarms", experts=3, particles=3)
    asyncio.run(measure_again(left, after))
    # Three items, once: the best found, which is measured to be known as a system.
    assert len(after.engine.asked) == 3

    joined = enter(state, Place(0, 4, 0, 5, 5), setting.config)
    wider = setting_of("model-swarms", experts=5, particles=5)
    measured = asyncio.run(measure_again(joined, wider))
    assert {r.model.row for r in wider.engine.asked} == {
        (0.0, 0.0, 0.0, 0.0, 1.0),
        tuple(joined.found.candidate.rows[0]),
    }
    assert measured.weights[0].personal_best_utility[:4].tolist() == (
        state.weights[0].personal_best_utility.tolist()
    )
