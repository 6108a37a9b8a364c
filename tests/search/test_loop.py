import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.config import SearchConfig, merge, search_config
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate
from hswarm.search.loop import begin, iterate, search, settled
from hswarm.search.state import SearchState
from hswarm.swarm import pso
from hswarm.swarm.populate import populate

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting

SWITCHED = {
    "switched": {
        "held": 0.2,
        "finalists": 4,
        "role": {"encoding": "order", "top_p": 0.5, "decodes": 3, "adopt": True},
        "weight": {"anchor": 0.5},
    },
    "seated": {"role": {"encoding": "seats", "adopt": True, "moves": 0}},
    "evolving": {"role": {"optimizer": "de"}, "weight": {"optimizer": "de", "particles": 5}},
    "careful": {"weight": {"credit": "both", "acceptance": "better"}},
    "drawn": {"role": {"optimizer": "random"}, "weight": {"optimizer": "random"}},
}
"""Settings beside the default, by what the tests call them."""
METHODS = (
    "heterogeneous",
    "role-only",
    "weight-only",
    "model-swarms",
    "as printed",
    *SWITCHED,
)


def config_of(method: str, **changes) -> SearchConfig:
    if method == "as printed":
        return search_config("paper", {"max_iterations": 3, **changes})
    if method in SWITCHED:
        switched = merge({**SWITCHED[method], "max_iterations": 3}, changes)
        return search_config("default", switched)
    particles = {"weight": {"particles": 6}} if method == "model-swarms" else {}
    return search_config("default", {"method": method, "max_iterations": 3, **particles, **changes})


def run(config: SearchConfig, engine: Landscape | None = None, state=None, **shape):
    setting = make_setting(config, engine or Landscape(), **shape)
    config = settled(config, setting.roster)
    lines: list[dict] = []
    states: list[SearchState] = []
    setting = replace(setting, config=config, record=lines.append)
    last, reason = asyncio.run(search(setting, states.append, state))
    return last, reason, states, lines


def as_bytes(state: SearchState) -> str:
    return json.dumps(state.to_json(), default=lambda array: array.tolist(), sort_keys=True)


def whole(lines):
    """Return the evaluations on all items: not a heat's, which is on some."""
    return [line for line in lines if line["event"] == "evaluation" and line["items"] == 3]


@pytest.mark.parametrize("method", METHODS)
def test_the_best_found_never_falls_and_is_what_was_evaluated(method):
    _, _, states, lines = run(config_of(method))

    best = [state.found.utility for state in states]
    assert best == sorted(best)
    assert best[-1] == max(line["utility"] for line in whole(lines))


@pytest.mark.parametrize("method", METHODS)
def test_a_search_resumed_after_any_iteration_ends_in_the_same_state(method):
    config = config_of(method)
    last, reason, states, lines = run(config)

    for state in states[:-1]:
        saved = json.loads(json.dumps(state.to_json(), default=lambda array: array.tolist()))
        saved["jfk"] = [float("nan") if score is None else score for score in saved["jfk"]]
        again, reason_again, _, rest = run(config, state=SearchState.from_json(saved))
        assert as_bytes(again) == as_bytes(last)
        assert reason_again == reason
        assert rest == lines[len(lines) - len(rest) :]


@pytest.mark.parametrize("method", METHODS)
def test_how_many_examples_are_answered_at_once_changes_nothing(method):
    alone, *_, lines = run(config_of(method), Landscape(concurrency=1))
    together, *_, same = run(config_of(method), Landscape(concurrency=8))

    assert as_bytes(alone) == as_bytes(together)
    assert lines == same


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_searches_elsewhere(method):
    first, *_ = run(config_of(method))
    second, *_ = run(config_of(method, seed=1))

    assert as_bytes(first) != as_bytes(second)


def test_the_found_system_answers_with_the_recorded_utility():
    config = config_of("heterogeneous")
    last, *_ = run(config)
    setting = make_setting(config, Landscape())
    [evaluation] = asyncio.run(setting.evaluate(0, "start", [last.found.candidate]))

    assert evaluation.utility == last.found.utility


def test_with_one_node_the_weight_step_is_model_swarms():
    """Feng et al. (2024), Algorithm 1, written out, against the loop on one node."""
    config = config_of(
        "model-swarms", max_iterations=8, weight={"particles": 7, "step_length": 0.7}
    )
    config = settled(config, make_setting(config, Landscape()).roster)
    _, _, states, _ = run(config, items=2)

    def utility(row: np.ndarray) -> float:
        engine = Landscape()
        setting = make_setting(config, engine, items=2)
        candidate = Candidate.place(LONE, [0], [tuple(row.tolist())])
        return asyncio.run(setting.evaluate(0, "start", [candidate]))[0].utility

    swarm = pso.start(populate(4, 7, seed=config.seed))
    swarm = pso.observe(swarm, np.array([utility(x) for x in swarm.position]), np.ones(7, bool))
    swarm = pso.set_off(swarm, config.weight, config.seed, "weight")
    for state in states:
        if state.iteration:
            swarm = pso.step(swarm, config.weight, config.seed, "weight")
            found = np.array([utility(x) for x in swarm.position])
            swarm = pso.observe(swarm, found, np.ones(7, bool))
        assert state.weights[0].to_json() == swarm.to_json()
        assert state.found.utility == swarm.global_best_utility


def test_the_finalists_are_the_best_different_systems_that_were_evaluated():
    last, _, _, lines = run(config_of("heterogeneous", held=0.2, finalists=5))

    utilities = {
        json.dumps([line["parents"], line["rows"]]): line["utility"] for line in whole(lines)
    }
    kept = [found.utility for found in last.finalists]
    systems = {(found.candidate.dag, found.candidate.rows) for found in last.finalists}
    assert last.finalists[0] == last.found
    assert len(systems) == 5
    assert kept == sorted(utilities.values(), reverse=True)[:5]


def test_the_search_stops_when_nothing_improves():
    config = config_of(
        "role-only", max_iterations=50, patience=2, role={"initial_velocity": "zero"}
    )
    last, reason, _, _ = run(config)

    assert reason == "patience"
    assert last.stale == 2


def test_dropped_iterations_still_move_the_particles():
    config = config_of("model-swarms", weight={"particles": 6, "drop_iteration": 1.0})
    _, _, states, lines = run(config)

    evaluated = [line["iteration"] for line in lines if line["event"] == "evaluation"]
    assert set(evaluated) == {0}
    assert not np.array_equal(states[0].weights[0].position, states[-1].weights[0].position)


def test_dropout_skips_steps():
    role = {"dropout": 1.0, "moves": 0}
    config = config_of("heterogeneous", role=role, weight={"dropout": 1.0})
    _, _, states, lines = run(config)

    assert {line["iteration"] for line in lines} == {0}
    assert states[-1].iteration == 3


def test_an_item_whose_call_fails_is_not_scored_and_the_search_goes_on():
    last, _, _, lines = run(config_of("heterogeneous"), Landscape(failing="item 1"))

    assert all(line["unscored"] == 1 for line in whole(lines))
    assert last.found is not None


def test_a_search_in_which_every_call_fails_finds_nothing_and_ends():
    last, reason, _, _ = run(config_of("heterogeneous"), Landscape(failing="item"))

    assert last.found is None or last.found.utility == -np.inf
    assert reason in ("max-iterations", "patience")


def test_one_expert_is_a_pool_too():
    last, *_ = run(config_of("heterogeneous"), experts=1)

    assert last.found.candidate.rows == ((1.0,),)


def test_the_paper_preset_is_a_setting_of_its_own():
    last, *_ = run(search_config("paper", {"max_iterations": 2}))

    assert last.iteration == 2


def test_an_iteration_takes_the_same_steps_outside_the_loop():
    config = config_of("heterogeneous")
    _, _, states, _ = run(config)
    setting = make_setting(config, Landscape())

    async def twice():
        return await iterate(await begin(setting), setting)

    assert as_bytes(asyncio.run(twice())) == as_bytes(states[1])
