"""G-decode, against graphs and probabilities worked out by hand."""

from collections import Counter

import numpy as np
import pytest

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode


def draw(matrix, seed=0, **settings):
    settings = {"top_p": 0.0, "edges": "each"} | settings
    return decode(np.array(matrix, dtype=float), rng=np.random.default_rng(seed), **settings)


def frequencies(matrix, draws, **settings):
    """How often each edge came, as a matrix."""
    rng = np.random.default_rng(0)
    count = np.zeros(np.shape(matrix))
    for _ in range(draws):
        for edge in decode(np.array(matrix), rng=rng, **settings).edges:
            count[edge] += 1
    return count / draws


def test_greedy_by_hand():
    matrix = [
        [0.0, 0.9, 0.1],  # out-degree 1.0: placed second
        [0.1, 0.0, 0.2],  # out-degree 0.3: the end
        [0.4, 0.3, 0.0],  # out-degree 0.7: placed last; 0.4 is above the mean of e^.4, e^.3
    ]
    assert draw(matrix) == Dag.from_edges(3, [(0, 1), (2, 0)])
    assert draw(matrix, edges="one") == Dag.from_edges(3, [(0, 1), (2, 0)])


def test_greedy_keeps_all_edges_of_at_least_uniform_probability():
    matrix = np.zeros((4, 4))
    matrix[1, 0] = 3.0
    matrix[2, [0, 1]] = 1.0  # as likely as each other: both are kept
    matrix[3, [0, 1, 2]] = 0.5, 0.4, 0.3  # the mean of e^a is a little above e^.4
    dag = draw(matrix)
    assert dag.parents == ((1, 2, 3), (2,), (), ())
    assert len(draw(matrix, edges="one").edges) == 3


def test_ties_go_to_the_lowest_index():
    dag = draw(np.zeros((4, 4)), edges="one")
    assert dag == Dag.from_edges(4, [(1, 0), (2, 0), (3, 0)])
    assert draw(np.zeros((40, 40)), edges="one").parents[0] == tuple(range(1, 40))
    # Placed in the order 2, 1, 0, and both are as likely to read 0.
    later = draw([[0.0, 0.1, 0.1], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]], edges="one")
    assert later == Dag.from_edges(3, [(1, 2), (0, 1)])
    full = draw(np.ones((3, 3)))
    assert full == Dag.from_edges(3, [(1, 0), (2, 0), (2, 1)])


def test_negative_entries_and_the_diagonal_count_as_zero():
    matrix = np.array([[7.0, 0.5, -9.0], [-1.0, 5.0, -2.0], [0.2, 0.3, 9.0]])
    clipped = np.maximum(matrix, 0.0) * (1 - np.eye(3))
    assert draw(matrix) == draw(clipped)
    for seed in range(50):
        settings = {"top_p": 0.9, "seed": seed}
        assert draw(matrix, **settings) == draw(clipped, **settings)


def test_threshold_prunes_what_is_not_above_it():
    matrix = np.array([[0.0, 0.3, 0.6], [0.2, 0.0, 0.1], [0.5, 0.3, 0.0]])
    pruned = np.where(matrix > 0.3, matrix, 0.0)
    for seed in range(50):
        settings = {"top_p": 0.9, "seed": seed}
        assert draw(matrix, threshold=0.3, **settings) == draw(pruned, **settings)
    assert draw(matrix, threshold=1.0) == draw(np.zeros((3, 3)))


def test_edges_come_with_their_softmax_probability():
    # Out-degrees so far apart that a small nucleus always places 0, then 1, 2, 3.
    matrix = np.zeros((4, 4))
    matrix[1] = [1.0, 0.0, 9.0, 9.0]
    matrix[2] = [0.7, 0.1, 0.0, 9.0]
    matrix[3] = [0.0, 3.0, 2.0, 0.0]
    p2 = np.exp([0.7, 0.1]) / np.exp([0.7, 0.1]).sum()
    p3 = np.exp([0.0, 3.0, 2.0]) / np.exp([0.0, 3.0, 2.0]).sum()
    draws = 4000
    bound = 4 * 0.5 / draws**0.5  # four standard errors of the widest binomial

    one = frequencies(matrix, draws, top_p=0.01, edges="one")
    assert one[1, 0] == 1.0
    np.testing.assert_allclose(one[2, :2], p2, rtol=0, atol=bound)
    np.testing.assert_allclose(one[3, :3], p3, rtol=0, atol=bound)

    each = frequencies(matrix, draws, top_p=0.01, edges="each")
    # Every edge by itself, and the likeliest where none was drawn.
    none2, none3 = np.prod(1 - p2), np.prod(1 - p3)
    np.testing.assert_allclose(each[2, :2], p2 + none2 * np.array([1, 0]), rtol=0, atol=bound)
    np.testing.assert_allclose(each[3, :3], p3 + none3 * np.array([0, 1, 0]), rtol=0, atol=bound)


def test_end_node_by_inverse_out_degree():
    matrix = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [2.0, 2.0, 0.0]])  # degrees 1, 2, 4
    rng = np.random.default_rng(0)
    ends = Counter(decode(matrix, top_p=1.0, edges="one", rng=rng).end for _ in range(4000))
    shares = [ends[node] / 4000 for node in range(3)]
    np.testing.assert_allclose(shares, np.array([4, 2, 1]) / 7, rtol=0, atol=0.032)


def test_the_nucleus_leaves_out_the_unlikely():
    matrix = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [2.0, 2.0, 0.0]])
    rng = np.random.default_rng(0)
    # Shares 4/7, 2/7, 1/7: 4/7 is enough for .5, and 6/7 for .8.
    for top_p, allowed in ((0.5, {0}), (0.8, {0, 1}), (0.9, {0, 1, 2})):
        ends = {decode(matrix, top_p=top_p, edges="one", rng=rng).end for _ in range(300)}
        assert ends == allowed


def test_nodes_are_placed_by_out_degree():
    # 0 is the end; of the others 1 comes before 2 with probability 3/4.
    matrix = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 1.5], [0.5, 0.5, 0.0]])
    rng = np.random.default_rng(0)
    dags = [decode(matrix, top_p=0.9, edges="one", rng=rng) for _ in range(4000)]
    assert {dag.end for dag in dags} == {0}
    # Only the later of the two can read or be read by the other.
    first = Counter((1, 2) in dag.edges for dag in dags)[True] / 4000
    p = np.exp(1.5) / (np.exp(1.5) + np.exp(1.5))
    assert abs(first - 0.25 * p) < 0.032


def test_zero_out_degrees_are_drawn_uniformly():
    ends = Counter(draw(np.zeros((4, 4)), seed=seed, top_p=1.0).end for seed in range(2000))
    assert sorted(ends) == [0, 1, 2, 3]
    assert min(ends.values()) > 400


def test_huge_entries_do_not_overflow():
    matrix = np.full((4, 4), 1.7e308)
    with np.errstate(all="raise", under="ignore"):
        assert len(draw(matrix)) == 4
        matrix[0] = 0.0
        assert draw(matrix).end == 0


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((2, 3)), "square"),
        (np.zeros(4), "square"),
        (np.zeros((0, 0)), "square"),
        (np.array([[0.0, np.nan], [0.0, 0.0]]), "not finite"),
        (np.array([[0.0, np.inf], [0.0, 0.0]]), "not finite"),
    ],
)
def test_what_is_no_adjacency_matrix(matrix, message):
    with pytest.raises(ValueError, match=message):
        draw(matrix)
