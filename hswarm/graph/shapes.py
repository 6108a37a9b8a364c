"""Named shapes, chain and star, as graphs and as matrices that decode to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.config import Shape
from hswarm.graph.dag import Dag

FloatMatrix = NDArray[np.float64]


def chain(order: Sequence[int]) -> Dag:
    """Return the graph in which each node of `order` reads the one before it.

    ValueError unless `order` is a permutation of 0 … n−1.
    """
    nodes = _checked(order)
    return Dag.from_edges(len(nodes), list(pairwise(nodes)))


def star(order: Sequence[int]) -> Dag:
    """Return the graph 1-(n−2)-1: the first node of `order` feeds the middle ones, they the last.

    With fewer than four nodes this is the chain. ValueError unless `order` is a permutation of
    0 … n−1.
    """
    nodes = _checked(order)
    if len(nodes) < 4:
        return chain(nodes)
    first, *middle, last = nodes
    return Dag.from_edges(len(nodes), [(first, m) for m in middle] + [(m, last) for m in middle])


SHAPES: Final[Mapping[Shape, Callable[[Sequence[int]], Dag]]] = {"chain": chain, "star": star}


def shaped_matrix(shape: Shape, order: Sequence[int]) -> FloatMatrix:
    """Return an n×n matrix in [0, 1], diagonal 0, that greedily decodes to the shape over `order`.

    Greedy decoding takes the smallest out-degree as the end node and then places the others by
    falling out-degree, so an entry does two things: towards a node that is placed already it is an
    edge's likelihood, towards one that is not it only lifts the out-degree. Out-degrees that must
    be told apart differ by at least 1/2, and so do the entries of edges kept and edges left out:
    the shape survives small moves.
    """
    nodes = _checked(order)
    by_place = _star(len(nodes)) if shape == "star" and len(nodes) > 3 else _chain(len(nodes))
    matrix = np.empty_like(by_place)
    matrix[np.ix_(nodes, nodes)] = by_place
    return matrix


def _chain(size: int) -> FloatMatrix:
    """An edge to the next place; half of one back to every earlier place, so degrees rise."""
    matrix = np.eye(size, k=1) + np.tril(np.full((size, size), 0.5), k=-1)
    matrix[-1] = 0.0
    return matrix


def _star(size: int) -> FloatMatrix:
    """The middle leans to both ends, and half as much to its own; so does the first to it."""
    matrix = np.full((size, size), 0.5)
    matrix[1:-1, [0, -1]] = 1.0
    matrix[0, -1] = 0.0
    matrix[-1] = 0.0
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _checked(order: Sequence[int]) -> list[int]:
    if sorted(order) != list(range(len(order))) or not order:
        raise ValueError(f"{list(order)} is not an order of the nodes 0 … {len(order) - 1}")
    return list(order)
