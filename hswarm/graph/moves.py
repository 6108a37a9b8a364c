"""Small moves on a graph: its neighbours for a local search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from hswarm.graph.dag import Dag

Edge = tuple[int, int]
Move = Callable[[Dag, np.random.Generator], Sequence[Edge]]


def neighbour(dag: Dag, moves: Sequence[Move], rng: np.random.Generator) -> Dag:
    """Return `dag` after one of `moves`, drawn at random, that leaves another valid graph.

    A graph that does not get another one in a hundred draws (one of one node has no other) is
    returned as it is.
    """
    for _ in range(_PATIENCE if len(dag) > 1 else 0):
        move = moves[int(rng.integers(len(moves)))]
        try:
            moved = Dag.from_edges(len(dag), move(dag, rng))
        except ValueError:  # a cycle, or a second end node
            continue
        if moved != dag:
            return moved
    return dag


def leap(dag: Dag, moves: Sequence[Move], exponent: float | None, rng: np.random.Generator) -> Dag:
    """Return `dag` after so many of `moves` in a row as a power law says, or after one without it.

    Of k moves, 1 ≤ k ≤ n, the probability is proportional to k^−exponent: most neighbours are near,
    some far, which is what leads out of a local optimum (Doerr et al., 2017: heavy-tailed
    mutation).
    """
    steps = 1
    if exponent is not None:
        weights = np.arange(1, len(dag) + 1, dtype=float) ** -exponent
        steps += int(rng.choice(len(dag), p=weights / weights.sum()))
    for _ in range(steps):
        dag = neighbour(dag, moves, rng)
    return dag


def swap(dag: Dag, rng: np.random.Generator) -> list[Edge]:
    """Have two nodes trade places."""
    one, other = rng.choice(len(dag), size=2, replace=False).tolist()
    renamed = {one: other, other: one}
    return [(renamed.get(u, u), renamed.get(v, v)) for u, v in dag.edges]


def take_out(dag: Dag, node: int) -> Dag:
    """Return a graph of at least two nodes without one of them; later ones are renumbered.

    Its readers read what it read. Without the end node the last of its parents is the end.
    """
    edges = _without(dag, node)
    others = [v for v in dag.order if v != node]
    if node == dag.end:
        end = max(dag.parents[node], key=dag.order.index)
        read = {u for u, _ in edges}
        edges += [(v, end) for v in others if v not in read and v != end]
    number = {v: v - (v > node) for v in others}
    return Dag.from_edges(len(others), [(number[u], number[v]) for u, v in edges])


def _without(dag: Dag, node: int) -> list[Edge]:
    """Return the edges that are left without a node, its parents' readers now its readers."""
    readers = [v for u, v in dag.edges if u == node]
    rest = [(u, v) for u, v in dag.edges if node not in (u, v)]
    return sorted({*rest, *((u, v) for u in dag.parents[node] for v in readers)})


def insert(dag: Dag, rng: np.random.Generator) -> list[Edge]:
    """Take a node out, its parents' readers now its readers, and put it into an edge or at an end.

    In a chain that is: put it elsewhere in the order.
    """
    node = int(rng.integers(len(dag)))
    rest = _without(dag, node)
    others = [v for v in dag.order if v != node]
    place = int(rng.integers(len(rest) + 2))
    if place < len(rest):
        before, after = rest[place]
        return [*rest[:place], *rest[place + 1 :], (before, node), (node, after)]
    return [*rest, (node, others[0]) if place == len(rest) else (others[-1], node)]


def add(dag: Dag, rng: np.random.Generator) -> list[Edge]:
    """Have one more node read another."""
    first, second = sorted(rng.choice(len(dag), size=2, replace=False).tolist())
    edge = (dag.order[first], dag.order[second])
    return [*dag.edges, edge]


def drop(dag: Dag, rng: np.random.Generator) -> list[Edge]:
    """Have one node less read another."""
    edges = dag.edges
    del edges[int(rng.integers(len(edges)))]
    return edges


def turn(dag: Dag, rng: np.random.Generator) -> list[Edge]:
    """Turn an edge round: who was read reads."""
    edges = dag.edges
    place = int(rng.integers(len(edges)))
    edges[place] = edges[place][::-1]
    return edges


ORDER_MOVES: Final[tuple[Move, ...]] = (swap, insert)
"""Who comes before whom: the shape of the graph stays, or nearly."""

EDGE_MOVES: Final[tuple[Move, ...]] = (add, drop, turn)
"""Who reads whom."""

_PATIENCE: Final = 100
