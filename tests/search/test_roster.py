"""Who has which number, and who answers under it."""

import numpy as np

from hswarm.engines.request import Blend, Remote, Tool
from hswarm.search.roster import Experts, Frozen, Roster

LLAMA, GEMMA = Experts("l", ("ann", "bob"), "llama"), Experts("g", ("cat", "dan", "eve"), "gemma")
LONE = Frozen("lone", Blend("o", (1.0,)))
CALCULATOR = Frozen("calculator", Tool("calculator", "f"))
FAR = Frozen("far", Remote("openai", "m"))
MIXED = Roster((LLAMA, GEMMA), (LONE, FAR, CALCULATOR), particles=4)


def test_agents_come_first_then_further_particles():
    assert len(MIXED) == 8
    assert MIXED.names == ("ann", "bob", "cat", "dan", "eve", "lone", "far", "calculator")
    assert MIXED.numbers(0) == [0, 1, 8, 9]
    assert MIXED.numbers(1) == [2, 3, 4, 10]
    further = [MIXED.name(agent) for agent in range(8, len(MIXED.seats))]
    assert further == ["llama mix 3", "llama mix 4", "gemma mix 4"]


def test_one_family_alone_is_numbered_as_its_swarm():
    alone = Roster((Experts("l", ("ann", "bob")),), particles=3)
    assert alone.numbers(0) == [0, 1, 2]
    assert alone.name(2) == "mix 3"


def test_everybody_answers_as_who_they_are():
    rows = MIXED.rows([np.full((4, 2), 0.5), np.arange(12.0).reshape(4, 3)])
    models = [MIXED.model(agent, row) for agent, row in enumerate(rows)]
    assert models[0] == Blend("l", (0.5, 0.5))
    assert models[4] == Blend("g", (6.0, 7.0, 8.0))
    assert models[10] == Blend("g", (9.0, 10.0, 11.0))
    assert models[5:8] == [LONE.model, FAR.model, CALCULATOR.model]


def test_original_rows_are_the_experts_themselves():
    rows = MIXED.original_rows()
    assert rows == [(1.0, 0.0), (0.0, 1.0), *map(tuple, np.eye(3).tolist()), (), (), ()]
    named = [MIXED.coefficients(agent, row) for agent, row in enumerate(rows)]
    experts = [{name: 1.0} for name in ("ann", "bob", "cat", "dan", "eve", "lone")]
    assert named == [*experts, {}, {}]
