"""Collaborative gain, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.analysis.correctness import correctness
from hswarm.analysis.gain import Bucket, collaborative_gain

# Five problems, four models. Solved alone by 0, 0, 1, 2 and 4 of them.
SINGLES = np.array(
    [
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ],
    dtype=bool,
)
SYSTEM = np.array([1, 0, 1, 1, 0], dtype=bool)


def test_the_gain_by_hand():
    gain = collaborative_gain(SINGLES, SYSTEM)
    assert gain.buckets == (
        Bucket(0, 2, 1, 0.0),
        Bucket(1, 1, 1, 0.25),
        Bucket(2, 1, 1, 0.5),
        Bucket(3, 0, 0, 0.75),
        Bucket(4, 1, 0, 1.0),
    )
    # 1/5 (1 - 1/4) + 1/5 (1 - 2/4) + 0 + 1/5 (0 - 4/4)
    assert gain.value == pytest.approx(0.15 + 0.1 - 0.2)
    assert gain.impossible == 0.5
    assert gain.buckets[3].accuracy is None


def test_a_system_that_is_one_of_two_models_at_random_gains_nothing_on_average():
    singles = np.array([[1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)
    gains = [collaborative_gain(singles, row).value for row in singles]
    assert sum(gains) == pytest.approx(0.0)


def test_without_problems_there_is_no_gain():
    gain = collaborative_gain(np.zeros((3, 0), bool), np.zeros(0, bool))
    assert gain.value is None
    assert gain.impossible is None


@pytest.mark.parametrize("shape", [(0, 5), (4, 4)])
def test_shapes_must_fit(shape):
    with pytest.raises(ValueError, match="do not fit"):
        collaborative_gain(np.zeros(shape, bool), SYSTEM)


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_the_gain_is_the_accuracy_beyond_the_mean_model_less_what_no_model_solves(n, d, seed):
    rng = np.random.default_rng(seed)
    singles, system = rng.random((n, d)) < 0.4, rng.random(d) < 0.5
    gain = collaborative_gain(singles, system)
    assert gain.problems == d
    beyond = system.mean() - singles.mean() - gain.buckets[0].solved / d
    assert gain.value == pytest.approx(beyond)
    assert -1 <= gain.value <= 1


def test_items_that_any_model_was_not_scored_on_are_left_out():
    matrix, kept = correctness([[1.0, None, 0.4, 0.5], [0.0, 1.0, 1.0, 0.9]])
    assert kept == [0, 2, 3]
    assert matrix.tolist() == [[True, False, True], [False, True, True]]


def test_no_item_is_left_with_the_right_shape():
    matrix, kept = correctness([[None], [1.0]])
    assert kept == []
    assert matrix.shape == (2, 0)
