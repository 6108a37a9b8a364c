"""A swarm without an expert's column."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.swarm import pso
from hswarm.swarm.leaving import drop_column, without_column
from hswarm.swarm.measuring import at_bests, back, unmeasured

EVERYONE = np.ones(4, dtype=bool)


def swarm_of(rng):
    rows = rng.dirichlet(np.ones(4), size=4)
    state = pso.observe(pso.start(rows), rng.random(4), EVERYONE)
    drift = rng.normal(size=(4, 4))
    return replace(state, velocity=drift - drift.mean(axis=1, keepdims=True), step_length=0.5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.integers(0, 3))
def test_rows_still_sum_to_one_and_velocities_to_nothing(seed, gone):
    state = without_column(swarm_of(np.random.default_rng(seed)), gone, gone, np.eye(3))
    assert state.position.shape == (3, 3)
    np.testing.assert_allclose(state.position.sum(axis=1), 1.0)
    np.testing.assert_allclose(state.personal_best.sum(axis=1), 1.0)
    np.testing.assert_allclose(state.velocity.sum(axis=1), 0.0, atol=1e-9)


def test_a_velocity_is_where_the_scaled_row_is_going():
    before = swarm_of(np.random.default_rng(0))
    after = without_column(before, 3, 3, np.eye(3))
    small = 1e-6
    moved = drop_column((before.position + small * before.velocity)[:3], 3, np.eye(3))
    np.testing.assert_allclose((moved - after.position) / small, after.velocity, atol=1e-4)


def test_a_row_that_was_nothing_else_starts_anew():
    rows = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [-0.2, 0.1, 1.1]])
    home = np.eye(2)[[0, 1, 1]]
    dropped = drop_column(rows, 2, home)
    np.testing.assert_allclose(dropped, [[2 / 3, 1 / 3], [0, 1], [0, 1]])


def test_what_had_nothing_of_it_is_still_known():
    rows = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    state = pso.observe(pso.start(rows), np.array([0.3, 0.1, 0.9]), np.ones(3, bool))
    left = without_column(state, 2, 2, np.eye(2))
    assert left.personal_best_utility.tolist() == [0.3, 0.1]
    assert (left.global_best.tolist(), left.global_best_utility) == ([0.5, 0.5], 0.3)
    assert (left.global_worst.tolist(), left.global_worst_utility) == ([0.0, 1.0], 0.1)


def test_what_had_some_of_it_is_measured_again():
    rows = np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    state = pso.observe(pso.start(rows), np.array([0.9, 0.1, 0.0]), np.ones(3, bool))
    left = without_column(state, 2, 2, np.eye(2))
    assert unmeasured(left).tolist() == [True, False]
    assert (left.global_best.tolist(), left.global_best_utility) == ([0.0, 1.0], 0.1)
    assert left.global_worst is None
    asked = at_bests(left)
    seen = pso.observe(asked, np.array([0.4, np.nan]), unmeasured(left))
    again = back(seen, left)
    assert again.personal_best_utility.tolist() == [0.4, 0.1]
    assert again.global_best_utility == 0.4
    assert (again.position == left.position).all()
    assert (again.stale == left.stale).all()


def test_a_swarm_that_remembers_remembers_anew():
    state = pso.start(np.eye(4), remember=True)
    state = pso.observe(state, np.arange(4.0), EVERYONE)
    left = without_column(state, 0, 0, np.eye(3))
    assert unmeasured(left).all()
    assert left.told.shape == (0, 3)
    assert (left.origin == left.personal_best).all()
