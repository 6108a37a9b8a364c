"""Tests of significance against examples worked by hand, and their laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.analysis.statistics import (
    Interval,
    bootstrap,
    compare,
    holm,
    mcnemar,
    mean_interval,
    wilson,
    z_test,
)

# --- McNemar ---


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1 / 2),
        (0, 1, 1.0),
        (3, 0, 1 / 8),
        (3, 1, 5 / 16),  # (4 + 1) / 2^4
        (10, 2, 79 / 4096),  # (66 + 12 + 1) / 2^12
        (5, 5, 638 / 1024),  # half of all, and half of the 252 in the middle
    ],
)
def test_mcnemar_by_hand(wins, losses, p):
    assert mcnemar(wins, losses) == p


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_falls_with_wins_and_rises_with_losses(wins, losses):
    p = mcnemar(wins, losses)
    assert 0 < p <= 1
    assert mcnemar(wins + 1, losses) < p or p == 1.0
    assert mcnemar(wins, losses + 1) >= p


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_of_both_sides_counts_the_outcome_itself_twice(wins, losses):
    both = mcnemar(wins, losses) + mcnemar(losses, wins)
    assert both == pytest.approx(1 + math.comb(wins + losses, wins) / 2 ** (wins + losses))


# --- z-test ---


@pytest.mark.parametrize(
    ("successes", "trials", "p"),
    [
        ((60, 50), (100, 100), 0.0776092),  # pooled .55, error .070356, z 1.421338
        ((90, 60), (100, 100), 4.81679e-7),  # pooled .75, error .0612372, z 4.898979
        ((50, 50), (100, 100), 0.5),
        ((50, 60), (100, 100), 0.9223908),
        ((8, 15), (10, 30), 0.0482593),  # pooled .575, error .180508, z 1.661971
        ((0, 0), (5, 9), 0.5),
        ((5, 9), (5, 9), 0.5),
    ],
)
def test_z_test_by_hand(successes, trials, p):
    assert z_test(successes, trials) == pytest.approx(p, rel=1e-5)


def test_z_test_needs_trials():
    with pytest.raises(ValueError, match="trials"):
        z_test((0, 0), (0, 5))


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_z_test_of_both_sides_sums_to_one(n, m, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    assert z_test((a, b), (n, m)) + z_test((b, a), (m, n)) == pytest.approx(1)


# --- bootstrap ---


def test_bootstrap_of_one_difference_everywhere_is_certain():
    result = bootstrap([0.75] * 20, [0.25] * 20, seed=1, resamples=999)
    assert result.difference == 0.5
    assert result.p_value == 1 / 1000
    assert result.interval == Interval(0.5, 0.5)


def test_bootstrap_of_no_difference_shows_nothing():
    result = bootstrap([0.3, 0.6], [0.3, 0.6], seed=1)
    assert (result.difference, result.p_value) == (0.0, 1.0)


def test_bootstrap_of_two_items_by_hand():
    # Differences 1 and 0: a resample's mean is 1, .5 or 0 with odds 1:2:1; centred it reaches .5
    # only where it is 1.
    result = bootstrap([1.0, 0.2], [0.0, 0.2], seed=3, resamples=40_000)
    assert result.difference == 0.5
    assert result.p_value == pytest.approx(0.25, abs=0.01)
    assert result.interval == Interval(0.0, 1.0)


def test_bootstrap_agrees_with_the_normal_approximation():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.1, 1.0, size=400)
    z = differences.mean() / (differences.std() / 20)
    result = bootstrap(differences, np.zeros(400), seed=2)
    assert result.p_value == pytest.approx(math.erfc(z / math.sqrt(2)) / 2, abs=0.01)
    half = 1.96 * differences.std() / 20
    assert result.interval.low == pytest.approx(differences.mean() - half, abs=0.01)
    assert result.interval.high == pytest.approx(differences.mean() + half, abs=0.01)


def test_bootstrap_depends_on_its_seed_alone():
    scores = np.random.default_rng(4).random((2, 50))
    one, again, other = (bootstrap(*scores, seed=seed) for seed in (7, 7, 8))
    assert one == again
    assert one != other


def test_bootstrap_of_many_items_is_drawn_in_parts():
    scores = np.random.default_rng(4).random((2, 400_000))
    result = bootstrap(scores[0] + 0.1, scores[1], seed=0, resamples=7)
    assert result.p_value == 1 / 8
    assert result.interval.low < 0.1 < result.interval.high


@pytest.mark.parametrize(
    ("found", "other"), [([], []), ([[1.0]], [[0.0]]), ([math.nan], [0.0]), ([1.0], [math.inf])]
)
def test_bootstrap_needs_finite_scores_per_item(found, other):
    with pytest.raises(ValueError, match="finite score"):
        bootstrap(found, other, seed=0)


# --- compare ---


def test_compare_takes_mcnemar_for_right_and_wrong():
    found = [1.0] * 10 + [0.0] * 2 + [1.0] * 8
    other = [0.0] * 10 + [1.0] * 2 + [1.0] * 8
    result = compare(found, other)
    assert (result.test, result.items) == ("McNemar", 20)
    assert result.difference == pytest.approx(8 / 20)
    assert result.p_value == 79 / 4096


def test_compare_takes_the_bootstrap_for_graded_scores():
    result = compare([0.9, 0.8, 1.0, 0.7], [0.1, 0.0, 0.2, 0.3])
    assert (result.test, result.items) == ("bootstrap", 4)
    assert result.difference == pytest.approx(0.7)
    assert result == compare([0.9, 0.8, 1.0, 0.7], [0.1, 0.0, 0.2, 0.3])


def test_compare_leaves_out_what_was_not_scored():
    result = compare([1.0, None, 1.0, 0.5], [0.0, 0.0, 0.0, None])
    assert (result.test, result.items, result.difference) == ("McNemar", 2, 1.0)
    assert result.p_value == 1 / 4


def test_compare_of_nothing_shows_nothing():
    result = compare([None, 1.0], [1.0, None])
    assert (result.p_value, result.items) == (1.0, 0)
    assert math.isnan(result.difference)


def test_compare_needs_the_same_items():
    with pytest.raises(ValueError, match="shorter"):
        compare([1.0, 0.0], [1.0])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_compare_of_any_answers_is_a_probability(answers):
    found, other = ([float(x) for x in column] for column in zip(*answers, strict=True))
    result = compare(found, other)
    assert 0 < result.p_value <= 1
    assert result.difference == pytest.approx(np.mean(found) - np.mean(other))
    assert compare(found, found).p_value == 1.0


# --- Wilson ---


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),  # z^2 / (n + z^2)
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_by_hand(successes, trials, low, high):
    interval = wilson(successes, trials)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_accuracy_and_widens_with_confidence(trials, data):
    successes = data.draw(st.integers(0, trials))
    narrow, wide = (wilson(successes, trials, confidence=c) for c in (0.8, 0.99))
    assert 0 <= wide.low <= narrow.low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= narrow.high <= wide.high <= 1
    mirrored = wilson(trials - successes, trials, confidence=0.8)
    assert mirrored.low == pytest.approx(1 - narrow.high)


# --- Holm ---


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
    ],
)
def test_holm_by_hand(p_values, corrected):
    assert holm(p_values) == pytest.approx(corrected)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_the_order_and_never_lowers(p_values):
    corrected = holm(p_values)
    assert all(c >= p for c, p in zip(corrected, p_values, strict=True))
    assert all(c <= min(1.0, len(p_values) * p) for c, p in zip(corrected, p_values, strict=True))
    for p, c in zip(p_values, corrected, strict=True):
        for q, d in zip(p_values, corrected, strict=True):
            assert p > q or c <= d


# --- intervals of one system's score ---


def test_the_interval_of_right_and_wrong_answers_is_wilsons():
    assert mean_interval([1.0, 0.0, 1.0, 1.0]) == wilson(3, 4)


def test_the_interval_of_graded_scores_is_a_bootstraps():
    scores = [0.25, 0.5, 0.75, 0.5]
    interval = mean_interval(scores)
    assert interval == mean_interval(scores)
    assert 0.25 < interval.low < 0.5 < interval.high < 0.75


def test_without_scores_there_is_no_interval():
    assert mean_interval([]) is None
