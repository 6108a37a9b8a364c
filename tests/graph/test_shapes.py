import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.shapes import SHAPES, chain, shaped_matrix, star

shapes = st.sampled_from(sorted(SHAPES))
orders = st.integers(2, 12).flatmap(lambda size: st.permutations(range(size)))


def greedy(matrix):
    return decode(matrix, top_p=0.0, edges="each", rng=np.random.default_rng(0))


def test_chain():
    assert chain([2, 0, 1]) == Dag.from_edges(3, [(2, 0), (0, 1)])
    assert chain([0]) == Dag(((),))


def test_star_is_one_many_one():
    dag = star([4, 0, 3, 1, 2])
    assert dag.edges == [(4, 0), (4, 1), (0, 2), (1, 2), (3, 2), (4, 3)]
    assert dag.layers() == [[4], [0, 1, 3], [2]]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_small_star_is_a_chain(size):
    for order in itertools.permutations(range(size)):
        assert star(order) == chain(order)


@pytest.mark.parametrize("order", [[], [1, 2], [0, 0], [0, 2], [-1, 0]])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_not_an_order(shape, order):
    with pytest.raises(ValueError, match="not an order"):
        SHAPES[shape](order)
    with pytest.raises(ValueError, match="not an order"):
        shaped_matrix(shape, order)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_small_order_decodes_to_its_shape(shape):
    for size in range(1, 7):
        for order in itertools.permutations(range(size)):
            assert greedy(shaped_matrix(shape, order)) == SHAPES[shape](order)


@settings(max_examples=100, deadline=None)
@given(shapes, orders)
def test_a_shaped_matrix_decodes_to_its_shape(shape, order):
    matrix = shaped_matrix(shape, order)
    assert ((matrix >= 0.0) & (matrix <= 1.0)).all()
    assert (np.diagonal(matrix) == 0.0).all()
    assert greedy(matrix) == SHAPES[shape](order)


@settings(max_examples=100, deadline=None)
@given(shapes, orders, st.integers(0, 2**32 - 1))
def test_the_shape_survives_small_moves(shape, order, seed):
    noise = np.random.default_rng(seed).uniform(-0.02, 0.02, (len(order), len(order)))
    assert greedy(shaped_matrix(shape, order) + noise) == SHAPES[shape](order)


def edges_kept(dag, shape, order):
    return len(set(dag.edges) & set(SHAPES[shape](order).edges)) / len(SHAPES[shape](order).edges)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_mixture_keeps_the_edges_of_what_prevails_in_it(shape):
    rng = np.random.default_rng(0)
    kept = []
    for _ in range(100):
        order, other = rng.permutation(8).tolist(), rng.permutation(8).tolist()
        mixture = 0.8 * shaped_matrix(shape, order) + 0.2 * shaped_matrix(shape, other)
        kept.append(edges_kept(greedy(mixture), shape, order))
    assert np.mean(kept) > 0.8
