import numpy as np
import pytest

from hswarm.errors import HswarmError
from hswarm.swarm.populate import populate


def test_experts_come_first():
    rows = populate(4, 10, seed=0)
    assert (rows[:4] == np.eye(4)).all()


def test_crossover_interpolates_two_different_experts():
    rows = populate(4, 200, seed=0)[4:]
    assert ((rows > 0).sum(axis=1) == 2).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, rtol=0, atol=1e-15)
    pairs = {tuple(np.flatnonzero(row)) for row in rows}
    assert len(pairs) == 6
    assert (
        0.4 < rows.max(axis=1).mean() - 0.25 < 0.6
    )  # the larger of t and 1 − t is 3/4 in the mean


def test_without_crossover_the_experts_come_again_in_turn():
    rows = populate(3, 7, seed=0, crossover=False)
    assert rows.argmax(axis=1).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert (rows.sum(axis=1) == 1).all()


def test_a_single_expert_has_nobody_to_cross_with():
    assert (populate(1, 4, seed=0) == np.ones((4, 1))).all()


def test_more_particles_leave_the_others_as_they_were():
    assert (populate(3, 12, seed=5)[:8] == populate(3, 8, seed=5)).all()


def test_seeds_differ():
    assert (populate(3, 8, seed=0) != populate(3, 8, seed=1)).any()


def test_too_few_particles():
    with pytest.raises(HswarmError, match="no room for 5 experts") as error:
        populate(5, 4, seed=0)
    assert "5 or more" in error.value.hint
