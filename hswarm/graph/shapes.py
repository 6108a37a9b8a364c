"""Named shapes: chain and star."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
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


SHAPES: Final[Mapping[Shape, Callable[[Sequence[int]], Dag]]] = {"chain": chain, "star": star}


def _checked(order: Sequence[int]) -> list[int]:
    if sorted(order) != list(range(len(order))) or not order:
        raise ValueError(f"{list(order)} is not an order of the nodes 0 … {len(order) - 1}")
    return list(order)
