"""From a graph to a continuous adjacency matrix: the way back from G-decode."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.graph.dag import Dag

FloatMatrix = NDArray[np.float64]

_STEP: Final = 0.5
"""By how much out-degrees that must be told apart differ at least."""
_LEADS: Final = (1.0, 0.75, 0.5)
"""By how much an edge kept may lead one left out, the best first; at 1/2 every graph fits."""


def encode(dag: Dag) -> FloatMatrix:
    """Return a matrix in [0, 1], diagonal 0, that greedily decodes to `dag` (rule `each`).

    Greedy decoding takes the smallest out-degree as the end node and then places the others by
    falling out-degree. So an entry does two things: towards a node that is placed already it is an
    edge's likelihood, towards one that is not it only lifts the out-degree. Both are told apart by
    wide margins where the graph allows it: the graph survives small moves of its matrix.
    """
    size = len(dag)
    matrix = np.zeros((size, size))
    placed = dag.order[::-1]
    edges = np.zeros((size, size), dtype=bool)
    for source, target in dag.edges:
        edges[source, target] = True
    # In the order of placing, edges lead from later places to earlier ones.
    edges = edges[np.ix_(placed, placed)]
    kept = edges.sum(axis=1)
    place = np.arange(size)
    for lead in _LEADS:
        room = (1.0 - lead) * place + (size - 1 - place)
        degree = _degrees(lead * kept)
        lift = (degree - lead * kept)[1:] / np.maximum(room[1:], _STEP)
        if (lift <= 1.0).all():
            break
    for node in range(1, size):
        row = lead * edges[node] + lift[node - 1] * np.where(place < node, 1.0 - lead, 1.0)
        row[node] = 0.0
        matrix[placed[node], placed] = row
    return matrix


def encode_keyed(dag: Dag) -> FloatMatrix:
    """Return a matrix in [0, 1] that greedily decodes to `dag` where nodes are placed by keys.

    The keys on the diagonal are evenly spread; an entry is 1 for an edge, else 0.
    """
    size = len(dag)
    matrix = np.zeros((size, size))
    for source, target in dag.edges:
        matrix[source, target] = 1.0
    matrix[dag.order, dag.order] = np.arange(size) / max(size - 1, 1)
    return matrix


def _degrees(least: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return out-degrees that fall from the second place on and are nowhere below `least`."""
    degree = least.copy()
    for later, node in pairwise(range(len(least) - 1, 0, -1)):
        degree[node] = max(least[node], degree[later] + _STEP)
    return degree
