"""Bootstrap over items and seeds."""

from statistics import harmonic_mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hswarm.analysis.resample import interval, superiority, utility
from hswarm.analysis.statistics import wilson

ONE = np.zeros(200, dtype=np.int64)


def coins(share, seeds=1, items=200, seed=0):
    return (np.random.default_rng(seed).random((seeds, items)) < share).astype(float)


@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 8)), elements=st.floats(0, 1)))
def test_the_utility_of_one_task_is_the_mean(scores):
    parts = np.zeros(scores.shape[1], dtype=np.int64)
    assert utility(scores, parts) == pytest.approx(scores.mean())


def test_what_is_not_scored_is_left_out():
    assert utility(np.array([[1.0, np.nan, 0.0], [1.0, 1.0, np.nan]]), ONE[:3]) == 0.75
    assert np.isnan(utility(np.array([[np.nan]]), ONE[:1]))


def test_several_tasks_take_the_harmonic_mean():
    scores = np.array([[1.0, 0.5, 0.25, 0.25]])
    parts = np.array([0, 0, 1, 1])
    assert utility(scores, parts) == pytest.approx(harmonic_mean([0.75, 0.25]))
    assert utility(np.array([[1.0, 0.0]]), np.array([0, 1])) == 0.0


def test_the_interval_of_one_seed_is_about_wilsons():
    scores = coins(0.6)
    ours, theirs = interval(scores, ONE), wilson(int(scores.sum()), 200)
    assert ours.low == pytest.approx(theirs.low, abs=0.015)
    assert ours.high == pytest.approx(theirs.high, abs=0.015)
    assert interval(scores, ONE) == ours


def test_seeds_that_differ_widen_it_and_equal_ones_do_not():
    same = interval(np.repeat(coins(0.6), 5, axis=0), ONE)
    spread = interval(np.stack([coins(share, seed=3)[0] for share in (0.2, 0.5, 0.6, 0.9)]), ONE)
    one = interval(coins(0.6), ONE)
    assert same.high - same.low == pytest.approx(one.high - one.low, abs=0.02)
    assert spread.high - spread.low > 2 * (one.high - one.low)


def test_a_clear_difference_is_significant_and_none_is_not():
    assert superiority(coins(0.8), coins(0.5, seed=1), ONE) < 0.001
    assert superiority(coins(0.5), coins(0.8, seed=1), ONE) > 0.99
    same = coins(0.5, seeds=3)
    assert superiority(same, same, ONE) > 0.3


def test_pairing_on_items_sharpens_it():
    hard = coins(0.5)
    better = hard.copy()
    better[0, np.flatnonzero(hard[0] == 0)[:12]] = 1.0
    shuffled = better[:, np.random.default_rng(1).permutation(200)]
    assert superiority(better, hard, ONE) < superiority(shuffled, hard, ONE)
