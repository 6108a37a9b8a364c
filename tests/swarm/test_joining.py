"""An expert that joins a swarm."""

from dataclasses import replace

import numpy as np
import pytest

from hswarm.config import WeightConfig
from hswarm.swarm import pso
from hswarm.swarm.joining import join
from hswarm.swarm.measuring import at_bests, back, unmeasured
from hswarm.swarm.state import SwarmState

CONFIG = WeightConfig(step_length=0.7)


def searched():
    state = pso.observe(pso.start(np.eye(3)), np.array([0.2, 0.5, 0.3]), np.ones(3, bool))
    state = pso.set_off(state, CONFIG, 0, "weight")
    state = pso.step(state, CONFIG, 0, "weight")
    return pso.observe(state, np.array([0.4, 0.45, 0.6]), np.ones(3, bool))


def measure(state, utility):
    utilities = np.full(len(state), np.nan)
    utilities[unmeasured(state)] = utility
    return back(pso.observe(at_bests(state), utilities, unmeasured(state)), state)


def test_the_others_have_nothing_of_it_and_it_is_all_of_it():
    before = searched()
    after = join(before, 3, 0, "weight")
    assert (after.position[:3, :3] == before.position).all()
    assert (after.position[:, 3] == [0, 0, 0, 1]).all()
    assert unmeasured(after).tolist() == [False, False, False, True]
    assert after.velocity[3].sum() == pytest.approx(0.0)
    assert any((after.velocity[3] == x - after.position[3]).all() for x in after.position[:3])
    assert SwarmState.from_json(after.to_json()).to_json() == after.to_json()


def test_particles_beside_the_experts_come_after_it():
    before = pso.start(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    after = join(before, 2, 0, "weight")
    assert after.position.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]]
    assert after.waiting.tolist() == [False, False, True, False]


def walk_on(state, utilities):
    """Return the first three rows while everybody walks and is told its utility."""
    rows = []
    for told in utilities:
        state = pso.step(state, CONFIG, 0, "weight")
        state = pso.observe(state, np.array(told[: len(state)]), np.ones(len(state), bool))
        rows.append(state.position[:3, :3])
    return np.array(rows), state


def test_until_it_is_the_best_of_all_nobody_feels_it():
    """The worst of all, either: that would push."""
    before = searched()
    after = measure(join(before, 3, 0, "weight"), 0.0)
    weak = [[0.1, 0.2, 0.3, 0.05], [0.3, 0.7, 0.1, 0.65], [0.2, 0.1, 0.3, 0.01]]
    alone, _ = walk_on(before, weak)
    beside, _ = walk_on(after, weak)
    np.testing.assert_array_equal(beside, alone)


def test_once_it_is_the_best_it_pulls():
    before = searched()
    after = measure(join(before, 3, 0, "weight"), 0.9)
    assert after.waiting is None
    assert after.global_best.tolist() == [0, 0, 0, 1]
    alone, _ = walk_on(before, [[0.1, 0.2, 0.3]])
    beside, _ = walk_on(after, [[0.1, 0.2, 0.3, 0.4]])
    assert not np.array_equal(beside, alone)


def test_having_entered_it_can_be_the_worst():
    after = measure(join(searched(), 3, 0, "weight"), 0.9)
    _, state = walk_on(after, [[0.4, 0.4, 0.4, 0.0]])
    assert state.global_worst_utility == 0.0


def test_it_may_enter_while_others_wait():
    twice = join(join(searched(), 3, 0, "weight"), 4, 0, "weight")
    told = np.array([0.1, 0.1, 0.1, 0.1, 0.95])
    seen = pso.observe(replace(twice, position=twice.personal_best), told, np.ones(5, bool))
    assert seen.waiting.tolist() == [False, False, False, True, False]
