import networkx as nx
import pytest

from hswarm.graph.dag import Dag

DIAMOND = Dag.from_edges(4, [(2, 0), (2, 3), (0, 1), (3, 1)])


def test_parents_are_sorted_whatever_the_order_of_the_edges():
    assert DIAMOND.parents == ((2,), (0, 3), (), (2,))
    assert Dag.from_edges(4, [(3, 1), (0, 1), (2, 3), (2, 0), (2, 0)]) == DIAMOND


def test_edges_end_and_length():
    assert DIAMOND.edges == [(2, 0), (0, 1), (3, 1), (2, 3)]
    assert DIAMOND.end == 1
    assert len(DIAMOND) == 4


def test_topological_order_takes_the_smallest_ready_index():
    assert DIAMOND.order == (2, 0, 3, 1)
    assert Dag.from_edges(4, [(3, 0), (1, 2), (0, 2)]).order == (1, 3, 0, 2)


def test_layers_come_after_the_last_parent():
    assert DIAMOND.layers() == ((2,), (0, 3), (1,))
    assert Dag.from_edges(4, [(0, 1), (1, 2), (0, 3), (2, 3)]).layers() == ((0,), (1,), (2,), (3,))


def test_a_lone_node():
    lone = Dag(((),))
    assert (lone.end, lone.edges, lone.layers(), lone.order) == (0, [], ((0,),), (0,))


def test_to_networkx_keeps_direction():
    graph = DIAMOND.to_networkx()
    assert set(graph.edges) == set(DIAMOND.edges)
    assert nx.ancestors(graph, 1) == {0, 2, 3}


def test_equal_graphs_are_equal_keys():
    assert len({DIAMOND, Dag(DIAMOND.parents), Dag(((),))}) == 2


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ((), "at least one node"),
        (((1,), (0,)), "cycle"),
        (((0,),), "cycle"),
        (((), ()), "2 end nodes"),
        (((), (2,)), "invalid parents"),
        (((), (-1,)), "invalid parents"),
        (((), (), (1, 0)), "invalid parents"),
        (((), (0, 0)), "invalid parents"),
    ],
)
def test_invalid_graphs(parents, message):
    with pytest.raises(ValueError, match=message):
        Dag(parents)


@pytest.mark.parametrize("edge", [(0, 2), (0, -1), (2, 1), (-1, 1)])
def test_edges_out_of_range(edge):
    with pytest.raises(ValueError, match=r"no node|invalid parents"):
        Dag.from_edges(2, [(0, 1), edge])
