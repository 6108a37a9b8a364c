"""What holds for every particle swarm, whatever its size, switches and utilities."""

import json
from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hswarm.config import PsoConfig
from hswarm.swarm import pso
from hswarm.swarm.populate import populate
from hswarm.swarm.random import generator
from hswarm.swarm.state import SwarmState
from hswarm.swarm.walk import MAX_OVERSHOOT, draw_weights

CASES = settings(max_examples=60, deadline=None)

coefficients = st.floats(0.0, 1.0, allow_subnormal=False)
configs = st.builds(
    PsoConfig,
    inertia=coefficients,
    cognitive=coefficients,
    social=st.floats(0.01, 1.0),
    repel=coefficients,
    step_length=st.floats(0.1, 1.0),
    step_decay=st.floats(0.5, 1.0),
    initial_velocity=st.sampled_from(["random", "zero", "best"]),
    restart_patience=st.none() | st.integers(1, 4),
    walk_randomness=st.booleans(),
    walk_low=st.floats(-1.0, 0.9),
    drop_iteration=st.floats(0.0, 0.5),
    drop_particle=st.floats(0.0, 0.5),
)
seeds = st.integers(0, 2**63 - 1)
utilities = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def swarms(draw) -> SwarmState:
    """Some swarm in the middle of its life."""
    particles, dimensions = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    place = st.floats(-10.0, 10.0)
    matrix = arrays(np.float64, (particles, dimensions), elements=place)
    state = pso.start(draw(matrix))
    state = pso.observe(
        state, draw(arrays(np.float64, particles, elements=utilities)), np.ones(particles, bool)
    )
    state = replace(
        state,
        velocity=draw(matrix),
        position=draw(matrix),
        stale=draw(arrays(np.int64, particles, elements=st.integers(0, 6))),
        step_length=draw(st.floats(0.01, 1.0)),
        iteration=draw(st.integers(0, 100)),
    )
    return pso.observe(
        state,
        draw(arrays(np.float64, particles, elements=utilities)),
        draw(arrays(np.bool_, particles)),
    )


def assert_same(a: SwarmState, b: SwarmState) -> None:
    for field in fields(SwarmState):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


def shuffled(state: SwarmState, order: np.ndarray) -> SwarmState:
    rows = ("position", "velocity", "personal_best", "personal_best_utility", "stale")
    return replace(state, **{name: getattr(state, name)[order] for name in rows})


@CASES
@given(configs, seeds, st.integers(1, 30))
def test_weights_sum_to_one(config, seed, particles):
    weights = draw_weights(particles, config, seed, "role", 1)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    assert np.abs(weights).sum(axis=1).max() <= MAX_OVERSHOOT * (1 + 1e-12)
    if config.walk_low >= 0.0 or not config.walk_randomness:
        assert (weights >= 0.0).all()


@CASES
@given(configs, seeds, st.integers(1, 6), st.integers(0, 6), st.booleans())
def test_coefficient_rows_sum_to_one_and_velocities_to_zero(config, seed, experts, more, crossover):
    particles = experts + more
    swarm = pso.start(populate(experts, particles, seed=seed, crossover=crossover))
    swarm = pso.observe(swarm, generator(seed, "f", 0).random(particles), np.ones(particles, bool))
    swarm = pso.set_off(swarm, config, seed, "weight")
    for iteration in range(1, 9):
        swarm = pso.step(swarm, config, seed, "weight")
        size = max(1.0, np.abs(swarm.position).max(), np.abs(swarm.velocity).max())
        np.testing.assert_allclose(swarm.position.sum(axis=1), 1.0, rtol=0, atol=1e-11 * size)
        np.testing.assert_allclose(swarm.velocity.sum(axis=1), 0.0, rtol=0, atol=1e-11 * size)
        scores = generator(seed, "f", iteration).random(particles)
        scored = pso.evaluated(particles, config, seed, "weight", iteration)
        swarm = pso.observe(swarm, scores, scored)


@CASES
@given(configs, seeds, arrays(np.float64, 3, elements=st.floats(-10, 10)), st.floats(-5, 5))
def test_a_converged_swarm_stays(config, seed, place, utility):
    swarm = pso.start(np.tile(place, (4, 1)))
    for _ in range(3):
        swarm = pso.observe(swarm, np.full(4, utility), np.ones(4, bool))
        swarm = pso.set_off(swarm, config, seed, "role") if swarm.iteration == 0 else swarm
        swarm = pso.step(swarm, config, seed, "role")
        assert (swarm.position == place).all()
        assert (swarm.velocity == 0.0).all()


@CASES
@given(swarms(), st.data())
def test_bests_only_rise_and_the_worst_only_falls(swarm, data):
    particles = len(swarm)
    scores = data.draw(arrays(np.float64, particles, elements=utilities))
    scored = data.draw(arrays(np.bool_, particles))
    seen = pso.observe(swarm, scores, scored)
    assert (seen.personal_best_utility >= swarm.personal_best_utility).all()
    assert seen.global_best_utility >= swarm.global_best_utility
    assert seen.global_worst_utility <= swarm.global_worst_utility
    assert (seen.personal_best_utility <= seen.global_best_utility).all()
    risen = seen.personal_best_utility > swarm.personal_best_utility
    assert (seen.personal_best[risen] == swarm.position[risen]).all()
    assert (seen.personal_best[~risen] == swarm.personal_best[~risen]).all()
    assert (seen.stale == np.where(risen, 0, swarm.stale + 1)).all()


@CASES
@given(swarms(), st.data())
def test_nan_and_unscored_count_for_nothing(swarm, data):
    particles = len(swarm)
    scores = data.draw(arrays(np.float64, particles, elements=utilities))
    scored = data.draw(arrays(np.bool_, particles))
    seen = pso.observe(swarm, scores, scored)
    left_out = ~scored | np.isnan(scores)
    assert not np.isnan(seen.personal_best_utility).any()
    assert not np.isnan([seen.global_best_utility, seen.global_worst_utility]).any()
    assert (seen.personal_best[left_out] == swarm.personal_best[left_out]).all()
    others = pso.observe(swarm, np.where(left_out, np.nan, scores), np.ones(particles, bool))
    assert_same(seen, others)
    assert_same(
        pso.observe(swarm, scores, np.zeros(particles, bool)),
        replace(swarm, stale=swarm.stale + 1),
    )


@CASES
@given(swarms(), configs, st.data())
def test_permuting_particles_permutes_the_result(swarm, config, data):
    particles = len(swarm)
    order = np.array(data.draw(st.permutations(range(particles))))
    weights = draw_weights(particles, config, 0, "role", 1)
    moved = pso.move(pso.restart(swarm, config.restart_patience), weights, config)
    moved_shuffled = pso.move(
        pso.restart(shuffled(swarm, order), config.restart_patience), weights[order], config
    )
    assert_same(shuffled(moved, order), moved_shuffled)
    # Different utilities: on a tie the global best is the first that reached it.
    scores = np.array(data.draw(st.permutations(range(particles)))) / 7.0
    assert_same(
        shuffled(pso.observe(moved, scores, np.ones(particles, bool)), order),
        pso.observe(moved_shuffled, scores[order], np.ones(particles, bool)),
    )


@CASES
@given(configs, seeds, st.integers(2, 5), st.integers(0, 4))
def test_the_swarm_of_coefficients_is_the_swarm_of_what_they_blend(config, seed, experts, more):
    weights = generator(seed, "experts").normal(size=(experts, 7))
    rows = pso.start(populate(experts, experts + more, seed=seed))
    models = pso.start(rows.position @ weights)
    for iteration in range(6):
        scores = generator(seed, "f", iteration).random(len(rows))
        everyone = np.ones(len(rows), bool)
        rows, models = (pso.observe(s, scores, everyone) for s in (rows, models))
        if iteration == 0:
            rows, models = (pso.set_off(s, config, seed, "weight") for s in (rows, models))
        rows, models = (pso.step(s, config, seed, "weight") for s in (rows, models))
        scale = max(1.0, np.abs(models.position).max(), np.abs(rows.position).max())
        np.testing.assert_allclose(rows.position @ weights, models.position, atol=1e-9 * scale)


@CASES
@given(swarms(), configs, seeds)
def test_steps_can_be_repeated_from_a_saved_state(swarm, config, seed):
    saved = json.dumps(swarm.to_json(), allow_nan=False)
    read = SwarmState.from_json(json.loads(saved))
    assert_same(read, swarm)
    assert json.dumps(read.to_json(), allow_nan=False) == saved
    assert_same(pso.step(read, config, seed, "role"), pso.step(swarm, config, seed, "role"))


@CASES
@given(arrays(np.float64, (2, 3), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_json_keeps_every_bit_of_a_position(position):
    text = json.dumps(pso.start(position).to_json(), allow_nan=False)
    assert SwarmState.from_json(json.loads(text)).position.tobytes() == position.tobytes()
