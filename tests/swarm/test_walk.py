import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.walk import MAX_OVERSHOOT, draw_weights


def test_without_randomness_the_weights_are_the_coefficients_normalised():
    config = PsoConfig(
        inertia=0.2, cognitive=0.3, social=0.4, repel=0.1, walk_randomness=False, walk_low=-0.2
    )
    weights = draw_weights(3, config, 0, "role", 1)
    np.testing.assert_allclose(weights, [[0.2, 0.3, 0.4, 0.1]] * 3, rtol=0, atol=1e-15)


def test_repel_off_has_no_weight():
    weights = draw_weights(50, PsoConfig(repel=0.0), 0, "role", 1)
    assert (weights[:, 3] == 0.0).all()
    assert (weights[:, :3] > 0.0).all()


def test_every_particle_and_iteration_draws_anew():
    config = PsoConfig()
    drawn = [draw_weights(20, config, 0, purpose, k) for purpose in "ab" for k in range(5)]
    assert len(np.unique(np.concatenate(drawn)[:, 0])) == 200


def test_a_particle_draws_the_same_in_a_larger_swarm():
    config = PsoConfig()
    small, large = (draw_weights(n, config, 3, "role", 2) for n in (4, 9))
    assert (small == large[:4]).all()


def test_the_annealing_variant_turns_some_weights_round_but_not_far():
    weights = draw_weights(2000, PsoConfig(walk_low=-0.2), 0, "role", 1)
    share = (weights < 0.0).mean(axis=0)
    assert ((share > 0.1) & (share < 0.25)).all()
    assert np.abs(weights).sum(axis=1).max() <= MAX_OVERSHOOT * (1 + 1e-12)
