import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.moves import EDGE_MOVES, ORDER_MOVES, insert, leap, neighbour, swap, take_out
from hswarm.graph.shapes import chain, star

MOVES = (*ORDER_MOVES, *EDGE_MOVES)

sizes = st.integers(2, 9)
seeds = st.integers(0, 2**32 - 1)


def random_dag(size, rng):
    return decode(rng.random((size, size)) ** 3, top_p=1.0, edges="each", rng=rng)


@settings(max_examples=200, deadline=None)
@given(sizes, seeds)
def test_a_neighbour_is_another_valid_graph_of_the_same_nodes(size, seed):
    rng = np.random.default_rng(seed)
    dag = random_dag(size, rng)
    moved = neighbour(dag, MOVES, rng)
    assert len(moved) == size
    assert moved != dag
    assert abs(len(moved.edges) - len(dag.edges)) <= size**2 / 4


@settings(max_examples=200, deadline=None)
@given(st.integers(3, 9), seeds)
def test_moves_of_edges_leave_all_edges_but_one_as_they_are(size, seed):
    rng = np.random.default_rng(seed)
    dag = random_dag(size, rng)
    before, after = ({*d.edges} for d in (dag, neighbour(dag, EDGE_MOVES, rng)))
    assert len(before - after) <= 1
    assert len(after - before) <= 1


@settings(max_examples=100, deadline=None)
@given(sizes, seeds)
def test_of_a_chain_moves_of_nodes_make_chains(size, seed):
    rng = np.random.default_rng(seed)
    moved = neighbour(chain(rng.permutation(size).tolist()), ORDER_MOVES, rng)
    assert moved == chain(moved.order)


@settings(max_examples=100, deadline=None)
@given(sizes, seeds)
def test_a_swap_keeps_the_shape(size, seed):
    rng = np.random.default_rng(seed)
    dag = random_dag(size, rng)
    swapped = Dag.from_edges(size, swap(dag, rng))
    assert nx.is_isomorphic(dag.to_networkx(), swapped.to_networkx())


@settings(max_examples=100, deadline=None)
@given(sizes, seeds)
def test_in_a_chain_an_insertion_is_another_order(size, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(size).tolist()
    moved = Dag.from_edges(size, insert(chain(order), rng))
    assert moved == chain(moved.order)


def test_the_same_generator_makes_the_same_move():
    dag = star(range(6))
    moved = [neighbour(dag, MOVES, np.random.default_rng(5)) for _ in range(2)]
    assert moved[0] == moved[1]


def test_every_order_of_a_chain_can_be_reached():
    rng = np.random.default_rng(0)
    here, seen = chain(range(4)), set()
    for _ in range(20_000):
        here = neighbour(here, MOVES, rng)
        if len(here.edges) == 3 and here == chain(here.order):
            seen.add(here.order)
    assert len(seen) == 24


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_every_kind_of_move_can_leave_a_valid_graph(move):
    rng = np.random.default_rng(0)
    dag = random_dag(6, rng)
    valid = 0
    for _ in range(200):
        try:
            valid += Dag.from_edges(6, move(dag, rng)) != dag
        except ValueError:
            continue
    assert valid


def test_a_lone_node_has_no_neighbour():
    lone = Dag(((),))
    assert neighbour(lone, MOVES, np.random.default_rng(0)) is lone


def test_two_nodes_have_one_neighbour():
    assert neighbour(chain([0, 1]), MOVES, np.random.default_rng(0)) == chain([1, 0])


def test_a_graph_that_moves_cannot_change_stays_as_it_is():
    pair = chain([0, 1])
    add_or_drop = EDGE_MOVES[:2]
    assert neighbour(pair, add_or_drop, np.random.default_rng(0)) is pair


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 7), st.integers(0, 999), st.data())
def test_who_was_read_through_a_node_is_read_without_it(size, seed, data):
    dag = random_dag(size, np.random.default_rng(seed))
    node = data.draw(st.integers(0, size - 1))
    left = take_out(dag, node)

    def number(v):
        return v - (v > node)

    assert len(left) == size - 1
    kept = {(number(u), number(v)) for u, v in dag.edges if node not in (u, v)}
    through = {
        (number(u), number(v)) for u, w in dag.edges if w == node for x, v in dag.edges if x == node
    }
    added = set(left.edges) - kept - through
    assert kept | through <= set(left.edges)
    assert not added if node != dag.end else all(v == left.end for _, v in added)


@settings(max_examples=100, deadline=None)
@given(sizes, seeds)
def test_a_leap_without_a_power_law_is_one_move(size, seed):
    dag = random_dag(size, np.random.default_rng(seed))
    near = neighbour(dag, MOVES, np.random.default_rng(seed))
    assert leap(dag, MOVES, None, np.random.default_rng(seed)) == near


def test_how_many_moves_a_leap_takes_follows_the_power_law():
    steps = []
    rng = np.random.default_rng(0)
    for _ in range(4_000):
        taken = []

        def counted(dag, rng, taken=taken):
            taken.append(1)
            return swap(dag, rng)

        leap(chain([0, 1, 2, 3]), [counted], 2.0, rng)
        steps.append(len(taken))
    shares = [steps.count(k) / len(steps) for k in (1, 2, 3, 4)]
    weights = np.array([1, 1 / 4, 1 / 9, 1 / 16])
    assert set(steps) == {1, 2, 3, 4}
    assert shares == pytest.approx(weights / weights.sum(), abs=0.03)
