"""One particle swarm, in numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from hswarm.config import PsoConfig
from hswarm.errors import HswarmError
from hswarm.swarm import pso
from hswarm.swarm.walk import draw_weights

EVERYONE = np.array([True, True, True])


@pytest.fixture
def swarm():
    """Three particles on a line, observed, at rest."""
    state = pso.start(np.array([[0.0], [1.0], [3.0]]))
    return pso.observe(state, np.array([0.2, 0.9, 0.4]), EVERYONE)


def test_a_step_by_hand():
    state = replace(
        pso.start(np.array([[0.0, 0.0]])),
        velocity=np.array([[1.0, 0.0]]),
        personal_best=np.array([[0.0, 2.0]]),
        global_best=np.array([4.0, 0.0]),
        global_worst=np.array([-1.0, -1.0]),
        step_length=0.5,
    )
    moved = pso.move(state, np.array([[0.1, 0.2, 0.3, 0.4]]), PsoConfig())
    # .1·(1, 0) + .2·(0, 2) + .3·(4, 0) + .4·(1, 1)
    np.testing.assert_allclose(moved.velocity, [[1.7, 0.8]], rtol=0, atol=1e-15)
    np.testing.assert_allclose(moved.position, [[0.85, 0.4]], rtol=0, atol=1e-15)
    assert moved.iteration == 1


def test_step_is_restart_then_move_with_the_drawn_weights(swarm):
    config = PsoConfig(inertia=0.25, cognitive=0.25, social=0.5, repel=0.0, walk_randomness=False)
    swarm = replace(pso.set_off(swarm, config, 0, "role"), velocity=np.array([[4.0]] * 3))
    stepped = pso.step(swarm, config, 0, "role")
    # v = ¼·4 + ¼·0 + ½·(1 − x), x ← x + 0.7 v
    np.testing.assert_allclose(stepped.velocity.ravel(), [1.5, 1.0, 0.0])
    np.testing.assert_allclose(stepped.position.ravel(), [1.05, 1.7, 3.0])


def test_what_a_step_draws_belongs_to_the_iteration_that_it_makes(swarm):
    config = PsoConfig()
    swarm = pso.set_off(swarm, config, 4, "role")
    stepped = pso.step(swarm, config, 4, "role")
    assert stepped.iteration == 1
    weights = draw_weights(3, config, 4, "role", stepped.iteration)
    assert (stepped.position == pso.move(swarm, weights, config).position).all()


def test_observe_finds_the_bests_and_the_worst(swarm):
    assert swarm.personal_best_utility.tolist() == [0.2, 0.9, 0.4]
    assert (swarm.global_best.tolist(), swarm.global_best_utility) == ([1.0], 0.9)
    assert (swarm.global_worst.tolist(), swarm.global_worst_utility) == ([0.0], 0.2)
    moved = replace(swarm, position=swarm.position + 10)
    seen = pso.observe(moved, np.array([0.1, 0.5, 0.95]), EVERYONE)
    assert seen.personal_best.ravel().tolist() == [0.0, 1.0, 13.0]
    assert seen.personal_best_utility.tolist() == [0.2, 0.9, 0.95]
    assert (seen.global_best.tolist(), seen.global_best_utility) == ([13.0], 0.95)
    assert (seen.global_worst.tolist(), seen.global_worst_utility) == ([10.0], 0.1)
    assert seen.stale.tolist() == [1, 1, 0]


def test_gains_over_something_new_count_from_zero_and_places_stay(swarm):
    again = pso.rebase(swarm)
    assert again.personal_best_utility.tolist() == [0.0, 0.0, 0.0]
    assert (again.global_best_utility, again.global_worst_utility) == (0.0, 0.0)
    for name in ("position", "personal_best", "global_best", "global_worst", "stale"):
        assert (getattr(again, name) == getattr(swarm, name)).all()
    moved = replace(again, position=swarm.position + 10)
    seen = pso.observe(moved, np.array([0.1, 0.0, -0.3]), EVERYONE)
    assert seen.personal_best.ravel().tolist() == [10.0, 1.0, 3.0]
    assert (seen.global_best.tolist(), seen.global_best_utility) == ([10.0], 0.1)
    assert (seen.global_worst.tolist(), seen.global_worst_utility) == ([13.0], -0.3)


def test_where_nobody_gains_anything_nobody_is_best_or_worst():
    state = pso.rebase(pso.start(np.array([[0.0], [1.0]])))
    seen = pso.observe(state, np.zeros(2), np.ones(2, dtype=bool))
    assert seen.global_best is None
    assert seen.global_worst is None
    assert seen.personal_best_utility.tolist() == [0.0, 0.0]
    assert seen.stale.tolist() == [0, 0]


def test_a_tie_changes_nothing(swarm):
    moved = replace(swarm, position=swarm.position + 10)
    seen = pso.observe(moved, np.array([0.2, 0.9, 0.4]), EVERYONE)
    assert seen.personal_best.ravel().tolist() == [0.0, 1.0, 3.0]
    assert seen.global_best.tolist() == [1.0]
    assert seen.global_worst.tolist() == [0.0]


def test_not_evaluated_or_nan_keeps_its_bests(swarm):
    moved = replace(swarm, position=swarm.position + 10)
    seen = pso.observe(moved, np.array([5.0, np.nan, 0.5]), np.array([False, True, True]))
    assert seen.personal_best.ravel().tolist() == [0.0, 1.0, 13.0]
    assert seen.global_best_utility == 0.9
    assert seen.global_worst_utility == 0.2
    assert seen.stale.tolist() == [1, 1, 0]


def test_nobody_scored_leaves_only_inertia_and_personal_bests():
    state = pso.start(np.array([[0.0], [1.0]]))
    state = pso.observe(state, np.array([np.nan, np.nan]), np.array([True, True]))
    assert state.global_best is None
    state = replace(state, velocity=np.array([[1.0], [-1.0]]), step_length=1.0)
    moved = pso.move(state, np.array([[0.5, 0.1, 0.2, 0.2]] * 2), PsoConfig())
    assert moved.position.ravel().tolist() == [0.5, 0.5]


def test_a_stuck_particle_goes_back_to_its_best_and_waits_anew(swarm):
    away = replace(
        swarm,
        position=swarm.position + 10,
        velocity=np.ones((3, 1)),
        stale=np.array([4, 5, 6]),
    )
    back = pso.restart(away, 5)
    assert back.position.ravel().tolist() == [10.0, 1.0, 3.0]
    assert back.velocity.ravel().tolist() == [1.0, 0.0, 0.0]
    assert back.stale.tolist() == [4, 0, 0]
    never = pso.restart(away, None)
    assert (never.position == away.position).all()
    assert never.stale.tolist() == [4, 5, 6]


def test_restart_comes_after_so_many_iterations_without_a_new_personal_best(swarm):
    config = PsoConfig(restart_patience=3)
    swarm = pso.set_off(swarm, config, 0, "role")
    counts = []
    for _ in range(5):
        swarm = pso.step(swarm, config, 0, "role")
        swarm = pso.observe(swarm, np.zeros(3), EVERYONE)
        counts.append(swarm.stale.tolist())
    assert counts == [[k] * 3 for k in (1, 2, 3, 1, 2)]


@pytest.mark.parametrize(
    ("settings", "lengths"),
    [
        ({"step_length": 0.8, "step_decay": 0.5, "step_min": 0.1}, [0.8, 0.4, 0.2, 0.1, 0.1]),
        ({"step_length": 0.8, "step_decay": 0.5, "step_min": 0.3}, [0.8, 0.4, 0.3, 0.3, 0.3]),
        ({"step_length": 0.8, "step_decay": 1.0, "step_min": 0.1}, [0.8, 0.8, 0.8, 0.8, 0.8]),
        ({"step_length": 0.1, "step_decay": 0.5, "step_min": 0.3}, [0.1, 0.1, 0.1, 0.1, 0.1]),
    ],
)
def test_schedule(swarm, settings, lengths):
    config = PsoConfig(**settings)
    swarm = pso.set_off(swarm, config, 0, "role")
    seen = []
    for _ in lengths:
        seen.append(swarm.step_length)
        swarm = pso.step(swarm, config, 0, "role")
    assert seen == pytest.approx(lengths, abs=1e-15)


def test_the_first_step_has_the_full_length(swarm):
    config = PsoConfig(step_length=0.7, step_decay=0.5)
    swarm = pso.set_off(swarm, config, 0, "role")
    stepped = pso.step(swarm, config, 0, "role")
    np.testing.assert_allclose(stepped.position, swarm.position + 0.7 * stepped.velocity)


def test_repel_pushes_away_from_the_worst_and_off_does_not(swarm):
    config = PsoConfig(inertia=0.0, cognitive=0.0, social=0.0, repel=0.5)
    away = pso.step(pso.set_off(swarm, config, 0, "role"), config, 0, "role")
    np.testing.assert_allclose(away.velocity.ravel(), [0.0, 1.0, 3.0])  # x − 0
    off = PsoConfig(inertia=0.0, repel=0.0, initial_velocity="zero")
    moved = pso.step(pso.set_off(swarm, off, 0, "role"), off, 0, "role")
    elsewhere = replace(swarm, global_worst=np.array([99.0]))
    same = pso.step(pso.set_off(elsewhere, off, 0, "role"), off, 0, "role")
    assert (moved.position == same.position).all()


def test_initial_velocities(swarm):
    def velocity(mode):
        config = PsoConfig(initial_velocity=mode)
        return pso.set_off(swarm, config, 0, "role").velocity.ravel()

    assert velocity("zero").tolist() == [0.0, 0.0, 0.0]
    assert velocity("best").tolist() == [1.0, 0.0, -2.0]
    for here, v in zip([0.0, 1.0, 3.0], velocity("random"), strict=True):
        assert here + v in {0.0, 1.0, 3.0} - {here}


def test_a_random_initial_velocity_may_point_at_any_other_particle(swarm):
    config = PsoConfig()
    targets = [
        (swarm.position + pso.set_off(swarm, config, seed, "role").velocity).ravel().tolist()
        for seed in range(200)
    ]
    counts = [sum(t[0] == x for t in targets) for x in (0.0, 1.0, 3.0)]
    assert counts[0] == 0
    assert 70 < counts[1] < 130


def test_a_lone_particle_starts_at_rest():
    state = pso.set_off(pso.start(np.array([[2.0]])), PsoConfig(), 0, "role")
    assert state.velocity.tolist() == [[0.0]]


def test_drop_k_drops_whole_iterations():
    config = PsoConfig(drop_iteration=0.4)
    masks = np.array([pso.evaluated(6, config, 0, "role", k) for k in range(500)])
    assert (masks.all(axis=1) | ~masks.any(axis=1)).all()
    assert 0.52 < masks[:, 0].mean() < 0.68


def test_drop_n_drops_single_particles():
    config = PsoConfig(drop_particle=0.4)
    masks = np.array([pso.evaluated(6, config, 0, "role", k) for k in range(500)])
    rates = masks.mean(axis=0)
    assert ((rates > 0.52) & (rates < 0.68)).all()
    assert (masks.any(axis=1) & ~masks.all(axis=1)).mean() > 0.9


@pytest.mark.parametrize("key", ["drop_iteration", "drop_particle"])
def test_drop_never_and_always(key):
    for iteration in range(20):
        assert pso.evaluated(5, PsoConfig(**{key: 0.0}), 0, "role", iteration).all()
        assert not pso.evaluated(5, PsoConfig(**{key: 1.0}), 0, "role", iteration).any()


def test_a_dropped_swarm_still_moves(swarm):
    config = PsoConfig(drop_iteration=1.0)
    swarm = pso.set_off(swarm, config, 0, "role")
    moved = pso.step(swarm, config, 0, "role")
    nobody = pso.evaluated(3, config, 0, "role", moved.iteration)
    seen = pso.observe(moved, np.full(3, np.nan), nobody)
    assert (seen.position != swarm.position).any()
    assert (seen.personal_best == swarm.personal_best).all()


def test_spread_is_the_mean_distance_from_the_centre():
    assert pso.spread(pso.start(np.array([[3.0, 4.0], [-3.0, -4.0]]))) == 5.0
    assert pso.spread(pso.start(np.ones((4, 2)))) == 0.0


def test_a_swarm_that_flies_apart_says_so(swarm):
    config = PsoConfig(step_length=10.0, restart_patience=None)
    fast = replace(swarm, velocity=np.full((3, 1), 1e308), step_length=10.0)
    with pytest.raises(HswarmError, match="flown apart"):
        pso.step(fast, config, 0, "role")
