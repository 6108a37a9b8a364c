import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.search.credit import assign, gains, jfk_scores

sizes = st.integers(1, 12)


@given(agents=sizes, nodes=sizes, count=sizes, seed=st.integers(0, 2**32))
def test_balanced_assignments_use_every_agent_about_equally(agents, nodes, count, seed):
    drawn = assign(
        agents, nodes, count, kind="balanced", rng=np.random.Generator(np.random.Philox(seed))
    )

    assert drawn.shape == (count, nodes)
    counts = np.bincount(drawn.ravel(), minlength=agents)
    assert set(counts) <= {count * nodes // agents, -(-count * nodes // agents)}


@given(agents=sizes, nodes=sizes, count=sizes, seed=st.integers(0, 2**32))
def test_random_assignments_stay_among_the_agents(agents, nodes, count, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = assign(agents, nodes, count, kind="random", rng=rng)

    assert drawn.shape == (count, nodes)
    assert ((drawn >= 0) & (drawn < agents)).all()


def test_jfk_is_the_utility_weighted_by_occurrence():
    assignments = np.array([[0, 0, 1], [1, 1, 2]])

    scores = jfk_scores(assignments, np.array([0.9, 0.3]), 3)

    assert scores == pytest.approx([0.9, (0.9 + 2 * 0.3) / 3, 0.3])


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_jfk_is_total_and_within_the_utilities_seen(utilities, agents, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    assignments = assign(agents, 3, len(utilities), kind="random", rng=rng)

    scores = jfk_scores(assignments, np.array(utilities), agents)

    drawn = np.isin(np.arange(agents), assignments)
    assert np.isnan(scores[~drawn]).all()
    low, high = min(utilities) - 1e-12, max(utilities) + 1e-12
    assert ((scores[drawn] >= low) & (scores[drawn] <= high)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 2**32))
def test_with_one_node_jfk_is_the_utility(utilities, seed):
    count = len(utilities)
    rng = np.random.Generator(np.random.Philox(seed))
    assignments = assign(count, 1, count, kind="balanced", rng=rng)
    of_agent = np.array(utilities)

    scores = jfk_scores(assignments, of_agent[assignments[:, 0]], count)

    assert (scores == of_agent).all()


def test_an_assignment_that_was_not_scored_is_left_out():
    assignments = np.array([[0, 1], [1, 2]])

    scores = jfk_scores(assignments, np.array([np.nan, 0.5]), 3)

    assert np.isnan(scores[0])
    assert scores[1:] == pytest.approx([0.5, 0.5])


def test_without_assignments_nothing_is_known():
    assert np.isnan(jfk_scores(np.empty((0, 3), np.int64), np.empty(0), 4)).all()


def test_gains_are_relative_and_only_of_who_was_tried():
    scores = gains([0, 2], np.array([0.5, 0.75]), 0.625, 4)
    assert scores[[0, 2]].tolist() == [-0.125, 0.125]
    assert np.isnan(scores[[1, 3]]).all()
