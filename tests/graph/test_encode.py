import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.encode import encode, encode_keyed
from hswarm.graph.shapes import SHAPES

shapes = st.sampled_from(sorted(SHAPES))
orders = st.integers(2, 12).flatmap(lambda size: st.permutations(range(size)))


@st.composite
def graphs(draw):
    """Any valid graph: each node but the last of a random order is read by some after it."""
    order = draw(st.integers(1, 10).flatmap(lambda size: st.permutations(range(size))))
    edges = []
    for place, node in enumerate(order[:-1]):
        readers = st.sets(st.sampled_from(order[place + 1 :]), min_size=1)
        edges += [(node, reader) for reader in draw(readers)]
    return Dag.from_edges(len(order), edges)


def greedy(matrix, *, keyed=False):
    return decode(matrix, top_p=0.0, edges="each", keyed=keyed, rng=np.random.default_rng(0))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_small_order_decodes_to_its_shape(shape):
    for size in range(1, 7):
        for order in itertools.permutations(range(size)):
            assert greedy(encode(SHAPES[shape](order))) == SHAPES[shape](order)


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_every_graph_comes_back(dag):
    matrix = encode(dag)
    assert ((matrix >= 0.0) & (matrix <= 1.0)).all()
    assert (np.diagonal(matrix) == 0.0).all()
    assert greedy(matrix) == dag


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_every_graph_comes_back_with_keys(dag):
    matrix = encode_keyed(dag)
    assert ((matrix >= 0.0) & (matrix <= 1.0)).all()
    assert greedy(matrix, keyed=True) == dag


@pytest.mark.parametrize("write", [encode, encode_keyed])
@settings(max_examples=100, deadline=None)
@given(shapes, orders, st.integers(0, 2**32 - 1))
def test_the_shape_survives_small_moves(write, shape, order, seed):
    noise = np.random.default_rng(seed).uniform(-0.02, 0.02, (len(order), len(order)))
    dag = SHAPES[shape](order)
    assert greedy(write(dag) + noise, keyed=write is encode_keyed) == dag


def edges_kept(dag, shape, order):
    return len(set(dag.edges) & set(SHAPES[shape](order).edges)) / len(SHAPES[shape](order).edges)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_mixture_keeps_the_edges_of_what_prevails_in_it(shape):
    rng = np.random.default_rng(0)
    kept = []
    for _ in range(100):
        order, other = rng.permutation(8).tolist(), rng.permutation(8).tolist()
        mixture = 0.8 * encode(SHAPES[shape](order)) + 0.2 * encode(SHAPES[shape](other))
        kept.append(edges_kept(greedy(mixture), shape, order))
    assert np.mean(kept) > 0.8
