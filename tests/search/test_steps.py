"""What each step evaluates, and what it makes of it."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.config import RoleConfig, search_config
from hswarm.search.encoding import Encoding
from hswarm.search.found import Candidate
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
            async def evaluate(self, iteration, kind, candidates, bars=None):
                spy.append((kind, list(candidates)))
                return await super().evaluate(iteration, kind, candidates, bars)

        fields = {name: getattr(self.setting, name) for name in self.setting.__dataclass_fields__}
        self.setting = Watched(**fields)

    def run(self, step, state=None):
        async def go():
            begun = state if state is not None else await begin(self.setting)
            self.seen.clear()
            return begun, await step(begun, self.setting)

        return asyncio.run(go())


def test_a_move_step_goes_on_from_the_best_of_the_round_before():
    spy = Spy({"role": {"moves": 6, "order_rounds": 3, "edge_rounds": 1, "heat": 0.0}})
    before, after = spy.run(move_step)

    assert [kind for kind, _ in spy.seen] == ["move"] * 4
    assert all(0 < len(candidates) <= 6 for _, candidates in spy.seen)
    assert after.found.utility >= before.found.utility
    rows = {candidate.rows for _, candidates in spy.seen for candidate in candidates}
    assert rows == {before.found.candidate.rows}
    assert (after.role, after.weights) == (before.role, before.weights)


def test_a_heat_spares_the_worse_neighbours_all_items():
    spy = Spy({"role": {"moves": 8, "order_rounds": 3, "edge_rounds": 0, "heat": 0.34}})
    before, after = spy.run(move_step)
    measures, heats, runs = (spy.seen[k::3] for k in range(3))

    here = before.found.candidate
    for (_, measured), (_, tried), (_, kept) in zip(measures, heats, runs, strict=True):
        assert measured == [here]
        assert set(kept) <= set(tried)
        here = max([here, *kept], key=lambda candidate: utility(spy, candidate))
    assert 0 < sum(len(kept) for _, kept in runs) < sum(len(tried) for _, tried in heats)
    assert after.found.utility == utility(spy, here)


def utility(spy, candidate):
    [evaluation] = asyncio.run(
        make_setting(spy.setting.config, Landscape()).evaluate(0, "move", [candidate])
    )
    return evaluation.utility


def test_a_move_step_finds_what_is_better():
    """On this landscape deeper graphs answer more; many moves come to a chain."""
    rounds = {"order_rounds": 0, "edge_rounds": 15}
    spy = Spy({"role": {"moves": 10, **rounds, "shapes": ["star"] * 10}})
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


def test_at_the_start_nobody_gains_anything_so_nobody_is_best():
    before, _ = Spy({"weight": {"credit": "places"}}).run(weight_step)
    [swarm] = before.weights
    assert swarm.global_best is None
    assert swarm.global_worst is None
    assert swarm.personal_best_utility.tolist() == [0.0] * 4


def test_gains_over_a_system_that_was_surpassed_since_count_for_nothing():
    spy = Spy({"weight": {"credit": "places"}})
    _, first = spy.run(weight_step)
    [known] = first.weights
    assert known.personal_best_utility.max() > 0.0

    same = replace(first, found=replace(first.found, utility=first.gained_over))
    _, second = spy.run(weight_step, same)
    assert second.weights[0].personal_best_utility.max() >= known.personal_best_utility.max()

    risen = replace(first, found=replace(first.found, utility=first.found.utility + 9.0))
    _, second = spy.run(weight_step, risen)
    assert second.weights[0].personal_best_utility.tolist() == [0.0] * 4
    assert second.gained_over == risen.found.utility


def test_over_assignments_an_expert_is_scored_by_its_jfk_score():
    spy = Spy({"weight": {"credit": "assignments", "assignments": 6}})
    before, _ = spy.run(weight_step)
    [(_, candidates)] = spy.seen

    assert len(candidates) == 6
    assert {candidate.dag for candidate in candidates} == {before.graph}
    dealt = np.concatenate([candidate.agents for candidate in candidates])
    assert np.bincount(dealt).tolist() == [6, 6, 6, 6]


def test_both_ways_of_scoring_add_up():
    spies = {
        credit: Spy({"weight": {"credit": credit, "assignments": 6}})
        for credit in ("places", "assignments", "both")
    }
    before, _ = spies["places"].run(weight_step)
    scores, tried = {}, {}
    for credit, spy in spies.items():
        _, after = spy.run(weight_step, before)
        scores[credit] = after.jfk
        [(_, tried[credit])] = spy.seen
    assert tried["both"] == tried["places"] + tried["assignments"]
    in_place = scores["places"] + before.found.utility
    assert scores["both"] == pytest.approx(in_place + scores["assignments"])


@pytest.mark.parametrize("credit", ["places", "assignments"])
def test_who_learns_from_all_utilities_is_told_what_can_be_compared(credit):
    spy = Spy({"weight": {"credit": credit, "optimizer": "bo", "assignments": 6}})
    before, after = spy.run(weight_step)
    told = after.weights[0].told[-1]
    base = before.found.utility if credit == "places" else 0.0
    assert told == pytest.approx(after.jfk + base)


def test_whoever_made_nothing_better_goes_back():
    spy = Spy({"seed": 3, "weight": {"acceptance": "better", "step_length": 1.0}})
    before, after = spy.run(weight_step)
    [(_, candidates)] = spy.seen
    gone_back = []
    for agent, candidate in enumerate(candidates):
        gone_back.append(utility(spy, candidate) <= before.found.utility)
        position = before.weights[0].position[agent] if gone_back[-1] else candidate.rows[agent]
        assert tuple(after.weights[0].position[agent]) == tuple(position)
        assert (after.weights[0].velocity[agent] == 0.0).all() == gone_back[-1]
    assert 0 < sum(gone_back) < len(gone_back)


def test_where_everybody_is_dealt_those_in_a_better_system_stay():
    spy = Spy({"seed": 3, "weight": {"acceptance": "better", "credit": "assignments"}})
    before, after = spy.run(weight_step)
    [(_, candidates)] = spy.seen
    better = [c.agents for c in candidates if utility(spy, c) > before.found.utility]
    stayed = {agent for agents in better for agent in agents}
    moved = (after.weights[0].position != before.weights[0].position).any(axis=1)
    assert set(np.flatnonzero(moved)) == stayed


def test_an_anchored_model_keeps_a_share_of_what_it_was():
    spy = Spy({"weight": {"anchor": 0.75, "credit": "assignments"}, "role": {"models": "current"}})
    _, after = spy.run(weight_step)
    [(_, candidates)] = spy.seen
    home = np.eye(4)
    for candidate in candidates:
        for agent, row in zip(candidate.agents, candidate.rows, strict=True):
            position = after.weights[0].position[agent]
            assert row == pytest.approx(0.75 * home[agent] + 0.25 * position)
    spy.run(role_step, after)
    shares = [c.rows[k][c.agents[k]] for _, tried in spy.seen for c in tried for k in range(4)]
    assert min(shares) > 0.5


def test_who_has_not_moved_is_what_it_was_however_anchored():
    spy = Spy({"weight": {"anchor": 0.3}})
    spy.run(role_step)
    for _, candidates in spy.seen:
        for candidate in candidates:
            assert set(map(max, candidate.rows)) == {1.0}


def test_of_several_decodes_the_best_is_the_particles():
    spy = Spy({"role": {"top_p": 0.9, "decodes": 4, "shapes": [], "particles": 3}})
    before, after = spy.run(role_step)
    [(_, candidates)] = spy.seen
    best = max(utility(spy, candidate) for candidate in candidates)

    assert 3 < len(candidates) <= 12
    assert after.role.global_best_utility == max(before.role.global_best_utility, best)
    assert len(after.role.personal_best_utility) == 3


def test_with_adoption_a_best_is_what_was_evaluated():
    changes = {"top_p": 0.9, "adopt": True, "shapes": [], "particles": 5, "edges": "each"}
    spy = Spy({"role": changes})
    before, after = spy.run(role_step)
    encoding = Encoding(4, RoleConfig())
    for state in (before, after):
        for index, position in enumerate(state.role.personal_best):
            [dag] = encoding.graphs(position, 0, 0, index)
            candidate = Candidate.place(dag, range(4), spy.setting.roster.original_rows())
            assert utility(spy, candidate) == state.role.personal_best_utility[index]


def test_seats_are_searched_beside_the_graph():
    spy = Spy({"role": {"encoding": "seats", "shapes": []}})
    before, _ = spy.run(role_step)
    [(_, candidates)] = spy.seen
    assert len({candidate.agents for candidate in candidates}) > 3
    for candidate in candidates:
        assert candidate.rows == tuple(
            before.found.candidate.rows[before.found.candidate.agents.index(agent)]
            if agent in before.found.candidate.agents
            else tuple(before.weights[0].personal_best[agent])
            for agent in candidate.agents
        )
