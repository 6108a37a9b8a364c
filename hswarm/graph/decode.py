"""G-decode: from a continuous adjacency matrix to a graph.

Heterogeneous Swarms (Feng et al., 2025), Algorithm 2, made total: every finite matrix decodes.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.config import Edges
from hswarm.graph.dag import Dag

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

EPSILON: Final = 1e-9
"""Keeps the inverse of an out-degree of 0 finite; in units of the matrix's largest entry."""


def decode(
    adjacency: FloatMatrix,
    *,
    top_p: float,
    edges: Edges,
    threshold: float = 0.0,
    keyed: bool = False,
    rng: np.random.Generator,
) -> Dag:
    """Decode an n×n matrix, a_ij the likelihood of an edge i → j, into a graph of n nodes.

    The end node is drawn first, by inverse out-degree, then the other nodes one by one, by
    out-degree; each gets edges to nodes placed before it, every one by its own chance (`each`,
    Algorithm 2) or exactly one (`one`, the authors' released code), and the likeliest if it got
    none. `top_p` in [0, 1] is the nucleus of the node draws; at 0 everything is deterministic:
    the largest weight, the lowest index on a tie, and under `each` the edges whose probability is
    at least that of a uniform choice.

    `keyed` is not in the paper: the diagonal says in which order the nodes come, the smallest entry
    first (random keys; Bean, 1994), and nodes are not drawn.

    Entries not above `threshold` count as 0, and so do negative ones and the diagonal. The matrix
    is not modified. ValueError unless it is square and finite.
    """
    likelihood = _likelihood(adjacency, threshold)
    if keyed:
        placing = iter(np.argsort(-np.diagonal(adjacency), kind="stable").tolist())
    else:
        placing = _draw_nodes(likelihood, top_p, rng)
    placed = [next(placing)]
    drawn: list[tuple[int, int]] = []
    for node in placing:
        chosen = _draw_edges(likelihood[node, placed], edges, greedy=top_p == 0.0, rng=rng)
        drawn += [(node, placed[place]) for place in chosen]
        insort(placed, node)
    return Dag.from_edges(len(likelihood), drawn)


def _draw_nodes(likelihood: FloatMatrix, top_p: float, rng: np.random.Generator) -> Iterator[int]:
    """Draw the nodes in the order in which they are placed: the end node, then by out-degree."""
    # Only ratios of out-degrees count, so huge entries are scaled down rather than overflow.
    degree = (likelihood / (likelihood.max() or 1.0)).sum(axis=1)
    end = _pick(1.0 / (degree + EPSILON), top_p, rng)
    yield end
    remaining = [node for node in range(len(degree)) if node != end]
    while remaining:
        yield remaining.pop(_pick(degree[remaining], top_p, rng))


def _likelihood(adjacency: FloatMatrix, threshold: float) -> FloatMatrix:
    if adjacency.ndim != 2 or adjacency.shape[0] != adjacency.shape[1] or not adjacency.size:
        raise ValueError(f"an adjacency matrix is square, not of shape {adjacency.shape}")
    if not np.isfinite(adjacency).all():
        raise ValueError("the adjacency matrix holds a number that is not finite")
    likelihood: FloatMatrix = np.where(adjacency > max(threshold, 0.0), adjacency, 0.0)
    np.fill_diagonal(likelihood, 0.0)
    return likelihood


def _pick(weights: FloatVector, top_p: float, rng: np.random.Generator) -> int:
    """Draw an index by nucleus sampling (Holtzman et al., 2020); uniform if all weights are 0.

    The nucleus is the fewest indices, by falling weight, whose shares reach `top_p`.
    """
    if not weights.any():
        weights = np.ones_like(weights)
    falling = np.argsort(-weights, kind="stable")
    share = weights[falling].cumsum()
    share /= share[-1]
    nucleus = share[: share.searchsorted(top_p) + 1]
    return int(falling[nucleus.searchsorted(rng.random() * nucleus[-1], side="right")])


def _draw_edges(
    likelihood: FloatVector, edges: Edges, *, greedy: bool, rng: np.random.Generator
) -> list[int]:
    """Draw which of the placed nodes read a new one; at least one does."""
    # Less the largest: softmax is the same and exp cannot overflow.
    share = np.exp(likelihood - likelihood.max())
    share /= share.sum()
    likeliest = int(likelihood.argmax())
    if edges == "one":
        return [likeliest if greedy else _pick(share, 1.0, rng)]
    chosen = share >= 1.0 / len(share) if greedy else rng.random(len(share)) < share
    return np.flatnonzero(chosen).tolist() or [likeliest]
