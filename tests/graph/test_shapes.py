import itertools

import pytest

from hswarm.graph.dag import Dag
from hswarm.graph.shapes import SHAPES, chain, debate, jury, star, tree


def test_chain():
    assert chain([2, 0, 1]) == Dag.from_edges(3, [(2, 0), (0, 1)])
    assert chain([0]) == Dag(((),))


def test_star_is_one_many_one():
    dag = star([4, 0, 3, 1, 2])
    assert dag.edges == [(4, 0), (4, 1), (0, 2), (1, 2), (3, 2), (4, 3)]
    assert dag.layers() == ((4,), (0, 1, 3), (2,))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_small_star_is_a_chain(size):
    for order in itertools.permutations(range(size)):
        assert star(order) == chain(order)


@pytest.mark.parametrize("order", [[], [1, 2], [0, 0], [0, 2], [-1, 0]])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_not_an_order(shape, order):
    with pytest.raises(ValueError, match="not an order"):
        SHAPES[shape](order)


def test_a_tree_is_read_towards_its_last_node():

    dag = tree([0, 1, 2, 3, 4, 5, 6])
    assert dag.end == 6
    assert dag.layers() == ((0, 1, 2, 3), (4, 5), (6,))


def test_a_debate_is_read_layer_by_layer():
    dag = debate([6, 5, 4, 3, 2, 1, 0])
    assert dag.layers() == ((5, 6), (3, 4), (1, 2), (0,))
    assert dag.parents[3] == (5, 6)
    assert dag.parents[0] == (1, 2)


def test_a_jury_answers_to_a_judge():
    assert jury([2, 0, 1]) == Dag.from_edges(3, [(2, 1), (0, 1)])
