"""A search over two families, a lone expert, a remote model and a tool, all of them computed."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.config import search_config
from hswarm.engines.request import Blend, Remote, Request, Tool
from hswarm.search.found import Candidate
from hswarm.search.loop import search, settled
from hswarm.search.roster import Experts, Frozen, Roster
from hswarm.search.state import SearchState

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting

FAMILIES = (Experts("l", ("ann", "bob"), "llama"), Experts("g", ("cat", "dan", "eve"), "gemma"))
FROZEN = (
    Frozen("lone", Blend("o", (1.0,))),
    Frozen("far", Remote("openai", "m")),
    Frozen("calculator", Tool("calculator", "f")),
)
METHODS = ("heterogeneous", "role-only", "weight-only", "model-swarms")


class Mixed(Landscape):
    """The landscape for blends; who is none of those answers as a blend in the wrong place."""

    async def generate(self, request, /):
        if isinstance(request.model, Blend):
            return await super().generate(request)
        blend = Blend("none", (0.0, 0.0))
        return await super().generate(Request(blend, request.prompt, request.sampling))


def run(config, *, state=None, frozen=FROZEN, families=FAMILIES):
    setting = make_setting(config, Mixed())
    roster = Roster(families, frozen, particles=config.weight.particles)
    lines, states = [], []
    setting = replace(setting, roster=roster, config=settled(config, roster), record=lines.append)
    last, _ = asyncio.run(search(setting, states.append, state))
    return last, states, lines, setting


def config_of(method, **changes):
    return search_config("default", {"method": method, "max_iterations": 3, **changes})


def as_bytes(state):
    return json.dumps(state.to_json(), default=lambda array: array.tolist(), sort_keys=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_resumed_after_any_iteration_ends_in_the_same_state(method):
    config = config_of(method, weight={"particles": 4})
    last, states, lines, _ = run(config)

    for state in states[:-1]:
        saved = json.loads(json.dumps(state.to_json(), default=lambda array: array.tolist()))
        again, _, rest, _ = run(config, state=SearchState.from_json(saved))
        assert as_bytes(again) == as_bytes(last)
        assert rest == lines[len(lines) - len(rest) :]


@pytest.mark.parametrize("method", ["heterogeneous", "weight-only", "model-swarms"])
@pytest.mark.parametrize("credit", ["places", "assignments"])
def test_each_family_moves_by_itself_and_nobody_else_does(method, credit):
    config = config_of(method, weight={"particles": 5, "credit": credit})
    last, states, lines, _ = run(config)

    assert [swarm.position.shape for swarm in last.weights] == [(5, 2), (5, 3)]
    for first, final in zip(states[0].weights, last.weights, strict=True):
        assert not np.array_equal(first.position, final.position)
    told = {line["family"] for line in lines if line["event"] == "positions"}
    assert told == {"llama", "gemma"}


SWITCHED = {
    "weight": {"particles": 5, "credit": "both", "acceptance": "better", "anchor": 0.5},
    "role": {"encoding": "seats"},
    "held": 0.2,
    "finalists": 3,
}


@pytest.mark.parametrize("optimizer", ["pso", "random"])
def test_with_every_switch_each_family_keeps_to_itself(optimizer):
    changes = {key: SWITCHED[key] | {"optimizer": optimizer} for key in ("role", "weight")}
    config = config_of("heterogeneous", **{**SWITCHED, **changes})
    last, states, lines, setting = run(config)

    saved = json.loads(json.dumps(states[1].to_json(), default=lambda array: array.tolist()))
    again, *_ = run(config, state=SearchState.from_json(saved))
    assert as_bytes(again) == as_bytes(last)
    evaluated = [line for line in lines if line["event"] == "evaluation"]
    for line in evaluated:
        for agent, row in zip(line["agents"], Candidate.from_json(line).rows, strict=True):
            seat = setting.roster.seats[agent]
            assert len(row) == (0 if seat.family is None else len(FAMILIES[seat.family]))
            assert sum(row) == pytest.approx(0.0 if seat.family is None else 1.0)
    assert len(last.finalists) == 3
    best = max(line["utility"] for line in evaluated if line["items"] == len(setting.examples))
    assert last.finalists[0].utility == last.found.utility == pytest.approx(best)


def test_the_families_walk_by_different_random_numbers():
    twins = (Experts("l", ("ann", "bob"), "one"), Experts("l2", ("cat", "dan"), "two"))
    last, *_ = run(config_of("weight-only"), families=twins, frozen=())

    walks = [swarm.position - swarm.personal_best for swarm in last.weights]
    assert not np.array_equal(*walks)


def test_everybody_has_a_node_and_is_tried_alone():
    last, *_ = run(config_of("role-only"))
    assert sorted(last.found.candidate.agents) == list(range(8))
    assert last.found.candidate.rows[5:] == ((), (), ())

    _, _, lines, _ = run(config_of("model-swarms", weight={"particles": 4}))
    evaluated = [line for line in lines if line["event"] == "evaluation"]
    at_start = [line["agents"] for line in evaluated if line["iteration"] == 0]
    assert sorted(at_start) == [[agent] for agent in range(11)]
    later = {line["agents"][0] for line in evaluated if line["iteration"]}
    assert later == {0, 1, 2, 3, 4, 8, 9, 10}


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_nobody_moves_in_is_searched_too(method):
    last, *_ = run(config_of(method), families=())

    assert last.weights == ()
    assert last.found.utility > 0
