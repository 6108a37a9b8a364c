"""What each step evaluates, and what it makes of it."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.config import search_config
from hswarm.search.loop import begin
from hswarm.search.move import move_step
from hswarm.search.role import role_step
from hswarm.search.weight import weight_step

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting


class Spy:
    """A setting that remembers which candidates it was given."""

    def __init__(self, changes):
        self.seen = []
        config = search_config("default", {"seed": 1, **changes})
        self.setting = make_setting(config, Landscape())
        spy = self.seen

        class Watched(type(self.setting)):
            async def evaluate(self, iteration, kind, candidates):
                spy.append((kind, list(candidates)))
                return await super().evaluate(iteration, kind, candidates)

        fields = {name: getattr(self.setting, name) for name in self.setting.__dataclass_fields__}
        self.setting = Watched(**fields)

    def run(self, step, state=None):
        async def go():
            begun = state if state is not None else await begin(self.setting)
            self.seen.clear()
            return begun, await step(begun, self.setting)

        return asyncio.run(go())


def test_a_move_step_goes_on_from_the_best_of_the_round_before():
    spy = Spy({"role": {"moves": 6, "rounds": 4}})
    before, after = spy.run(move_step)

    assert [kind for kind, _ in spy.seen] == ["move"] * 4
    assert all(0 < len(candidates) <= 6 for _, candidates in spy.seen)
    assert after.found.utility >= before.found.utility
    rows = {candidate.rows for _, candidates in spy.seen for candidate in candidates}
    assert rows == {before.found.candidate.rows}
    assert (after.role, after.weights) == (before.role, before.weights)


def test_a_move_step_finds_what_is_better():
    """On this landscape deeper graphs answer more; many moves come to a chain."""
    spy = Spy({"role": {"moves": 10, "rounds": 15, "shapes": ["star"] * 10}})
    before, after = spy.run(move_step)

    assert after.found.utility > before.found.utility
    assert len(after.found.candidate.dag.layers()) == 4


def test_a_graph_is_tried_with_the_best_found_weights():
    spy = Spy({"role": {"models": "best"}})
    before, _ = spy.run(role_step)
    [swarm] = before.weights
    drifted = replace(swarm, position=swarm.position + 0.25)
    moved = replace(before, weights=(drifted,))
    by_agent = dict(zip(before.found.candidate.agents, before.found.candidate.rows, strict=True))

    spy.run(role_step, moved)
    for _, candidates in spy.seen:
        for candidate in candidates:
            assert candidate.rows == tuple(by_agent[agent] for agent in candidate.agents)


def test_in_the_papers_setting_a_graph_is_tried_with_the_weights_as_they_are():
    spy = Spy({"role": {"models": "current"}})
    before, _ = spy.run(role_step)
    [swarm] = before.weights
    drifted = replace(swarm, position=swarm.position + 0.25)

    spy.run(role_step, replace(before, weights=(drifted,)))
    for _, candidates in spy.seen:
        for candidate in candidates:
            assert np.array_equal(candidate.rows, drifted.position[list(candidate.agents)])


def test_in_its_place_an_expert_is_scored_by_what_its_weights_change():
    spy = Spy({"weight": {"credit": "places"}})
    before, after = spy.run(weight_step)
    best = before.found.candidate
    [(_, candidates)] = spy.seen

    assert len(candidates) == 4
    for agent, candidate in enumerate(candidates):
        changed = [k for k in range(4) if candidate.rows[k] != best.rows[k]]
        assert [candidate.agents[k] for k in changed] == [agent]
        assert candidate.rows[changed[0]] == tuple(after.weights[0].position[agent])
        [evaluation] = asyncio.run(spy.setting.evaluate(0, "start", [candidate]))
        assert after.jfk[agent] == pytest.approx(evaluation.utility - before.found.utility)


def test_over_assignments_an_expert_is_scored_by_its_jfk_score():
    spy = Spy({"weight": {"credit": "assignments", "assignments": 6}})
    before, _ = spy.run(weight_step)
    [(_, candidates)] = spy.seen

    assert len(candidates) == 6
    assert {candidate.dag for candidate in candidates} == {before.graph}
    dealt = np.concatenate([candidate.agents for candidate in candidates])
    assert np.bincount(dealt).tolist() == [6, 6, 6, 6]
