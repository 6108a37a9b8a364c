"""Any moment of a search is had again from what was recorded."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.errors import HswarmError
from hswarm.swarm import pso
from hswarm.swarm.history import Recorded, rebuild
from hswarm.swarm.space import ROWS

sys.path.insert(0, str(Path(__file__).parent))
from walked import search, walk_of


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("velocity", ["random", "best", "zero"])
@pytest.mark.parametrize("rebased", [frozenset(), frozenset({0, 3, 4})])
def test_every_moment_is_rebuilt_to_the_bit(seed, velocity, rebased):
    walk = walk_of(seed, initial_velocity=velocity)
    start, records, states = search(walk, rebased=rebased)
    moments = rebuild(records, start, walk, ROWS)
    assert [m.state.to_json() for m in moments] == [state.to_json() for state in states]


def test_a_step_that_was_taken_back_is_taken_back_again():
    walk = walk_of()
    start, records, states = search(walk, steps=1)
    who = np.array([False, True, False, True, False, False])
    back = pso.take_back(states[1], states[0], who)
    moments = rebuild([records[0], replace(records[1], position=back.position)], start, walk, ROWS)
    assert moments[1].taken_back.tolist() == who.tolist()
    assert moments[1].state.to_json() == back.to_json()


def test_a_record_of_another_search_is_refused():
    walk = walk_of()
    start, records, _ = search(walk)
    for other in (walk_of(1), walk_of(social=0.1)):
        with pytest.raises(HswarmError, match="cannot be rebuilt"):
            rebuild(records, start, other, ROWS)
    with pytest.raises(HswarmError, match="nothing is recorded"):
        rebuild([], start, walk, ROWS)
    fewer = [Recorded(r.position[:5], r.utilities[:5]) for r in records]
    with pytest.raises(HswarmError, match="5 particles"):
        rebuild(fewer, start, walk, ROWS)
