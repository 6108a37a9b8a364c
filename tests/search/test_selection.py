"""Searches over some of the agents."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hswarm.config import search_config
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.search.found import Candidate
from hswarm.search.loop import search, settled
from hswarm.search.roster import Experts, Frozen, Roster
from hswarm.search.selection import check_selection, choose_agents, read_chosen

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting


def setting_of(experts=4, **changes):
    return make_setting(search_config("default", changes), Landscape(), experts=experts)


def chosen_of(**changes):
    return asyncio.run(choose_agents(setting_of(**changes)))


def test_everybody_is_searched_over_by_default():
    assert chosen_of() is None


def test_the_best_can_be_withheld():
    """On the landscape expert k alone is the better the more of the target it is: a, b, c, d."""
    assert (chosen_of(keep="2-4").agents, chosen_of(keep="2-4").withheld) == ((1, 2, 3), 0)
    assert (chosen_of(keep="3-4").agents, chosen_of(keep="3-4").withheld) == ((2, 3), 0)
    assert (chosen_of(keep="1-2").agents, chosen_of(keep="1-2").withheld) == ((0, 1), None)


def test_a_few_can_be_there_several_times():
    draws = {chosen_of(diversity="2x2", seed=seed).agents for seed in range(12)}
    assert len(draws) > 1
    for agents in draws:
        assert agents[:2] == agents[2:]
        assert agents[0] != agents[1]
    assert chosen_of(keep="2-4", diversity="3x1").agents == (1, 2, 3)


def test_a_choice_is_read_from_the_journal():
    chosen = chosen_of(keep="2-4")
    evaluated = {"event": "evaluation"}
    assert read_chosen([chosen.to_json(), evaluated]) == chosen
    assert read_chosen([evaluated, chosen.to_json()]) is None
    assert read_chosen([]) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keep": "2-5"}, "no ranks 2-5 of 4 agents"),
        ({"keep": "3-2"}, "no ranks 3-2"),
        ({"diversity": "5x2"}, "not 5 agents"),
        ({"keep": "3-4", "diversity": "3x1"}, "not 3 agents to choose from, but 2"),
        ({"keep": "2-4", "method": "chain"}, "chain is over the whole pool"),
    ],
)
def test_what_there_is_not_is_refused_before_any_work(changes, said):
    with pytest.raises(HswarmError, match=said):
        check_selection(search_config("default", changes), 4)


ROSTER = Roster((Experts("l", ("ann", "bob", "cat")),), (Frozen("far", Blend("f", (1.0,))),))


def test_models_of_those_who_were_chosen_are_of_the_whole_family():
    some = ROSTER.select([1, 2, 3], None)
    assert some.names == ("bob", "cat", "far")
    assert some.model(0, (0.25, 0.75)) == Blend("l", (0.0, 0.25, 0.75))
    assert some.coefficients(0, (0.25, 0.75)) == {"bob": 0.25, "cat": 0.75}
    assert some.model(2, ()) == ROSTER.model(3, ())
    assert some.original_rows()[1] == (0.0, 1.0)


def test_who_is_there_twice_is_one_model():
    twice = ROSTER.select([0, 1, 0, 1], None)
    assert twice.names == ("ann", "bob", "ann 2", "bob 2")
    assert twice.model(0, (0.5, 0.1, 0.25, 0.15)) == Blend("l", (0.75, 0.25, 0.0))
    assert twice.coefficients(2, (0.5, 0.5, -0.5, 0.5)) == {"bob": 1.0}
    rows = twice.original_rows()
    assert twice.model(0, rows[0]) == twice.model(2, rows[2]) == Blend("l", (1.0, 0.0, 0.0))


@pytest.mark.parametrize("method", ["heterogeneous", "model-swarms"])
def test_a_search_is_over_those_alone(method):
    setting = setting_of(method=method, max_iterations=2)
    chosen = setting.roster.select([1, 3, 1], None)
    config = settled(setting.config, chosen)
    setting = replace(setting, roster=chosen, config=config)
    state, _ = asyncio.run(search(setting, lambda state: None))
    assert {len(request.model.row) for request in setting.engine.asked} == {4}
    assert {(r.model.row[0], r.model.row[2]) for r in setting.engine.asked} == {(0.0, 0.0)}
    assert Candidate.from_json(state.found.candidate.to_json()) == state.found.candidate


@pytest.mark.parametrize("nodes", [1, 2, 7])
@pytest.mark.parametrize("encoding", ["matrix", "seats"])
def test_graphs_may_have_another_size_than_the_pool(nodes, encoding):
    role = {"nodes": nodes, "encoding": encoding, "moves": 2, "order_rounds": 1}
    setting = setting_of(role=role, max_iterations=2)
    lines = []
    setting = replace(setting, record=lines.append)
    asyncio.run(search(setting, lambda state: None))
    sizes = {len(line["parents"]) for line in lines if line["event"] == "evaluation"}
    assert sizes == {nodes}
    sitting = {a for line in lines if line["event"] == "evaluation" for a in line["agents"]}
    assert encoding == "seats" or sitting == {0, 1, 2, 3}, "everybody is dealt to some particle"
