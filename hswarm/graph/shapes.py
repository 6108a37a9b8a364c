"""Named shapes: graphs over any number of nodes in an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, product
from math import isqrt
from typing import Final

from hswarm.config import Shape
from hswarm.graph.dag import Dag


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


def tree(order: Sequence[int]) -> Dag:
    """Return the binary tree whose root is the last node of `order`: each reads two before it.

    Counted from the end, node k is read by node (k − 1) // 2, as in a heap. ValueError unless
    `order` is a permutation of 0 … n−1.
    """
    nodes = _checked(order)[::-1]
    return Dag.from_edges(
        len(nodes), [(nodes[k], nodes[(k - 1) // 2]) for k in range(1, len(nodes))]
    )


def debate(order: Sequence[int]) -> Dag:
    """Return layers of about √(n−1) nodes each of which read all of the layer before.

    The last node of `order` reads the last layer. ValueError unless `order` is a permutation of
    0 … n−1.
    """
    *nodes, last = _checked(order)
    width = max(1, isqrt(len(nodes)))
    layers = [nodes[k : k + width] for k in range(0, len(nodes), width)]
    edges = (edge for pair in pairwise([*layers, [last]]) for edge in product(*pair))
    return Dag.from_edges(len(order), list(edges))


def jury(order: Sequence[int]) -> Dag:
    """Return the graph (n−1)-1: all answer by themselves, the last node of `order` reads them.

    ValueError unless `order` is a permutation of 0 … n−1.
    """
    *nodes, last = _checked(order)
    return Dag.from_edges(len(order), [(node, last) for node in nodes])


SHAPES: Final[Mapping[Shape, Callable[[Sequence[int]], Dag]]] = {
    "chain": chain,
    "star": star,
    "tree": tree,
    "debate": debate,
    "jury": jury,
}


def _checked(order: Sequence[int]) -> list[int]:
    if sorted(order) != list(range(len(order))) or not order:
        raise ValueError(f"{list(order)} is not an order of the nodes 0 … {len(order) - 1}")
    return list(order)
