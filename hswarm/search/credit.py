"""Who contributed what: assignments of agents to nodes, and the JFK-score.

Heterogeneous Swarms (Feng et al., 2025), Algorithm 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hswarm.config import Assignment

IntMatrix = NDArray[np.int64]
FloatVector = NDArray[np.float64]


def assign(
    agents: int, nodes: int, count: int, *, kind: Assignment, rng: np.random.Generator
) -> IntMatrix:
    """Draw `count` assignments, shape (count, nodes): which agent sits in which node.

    `balanced` deals the agents out like cards, one shuffled pack after another, so over all places
    each occurs ⌊Mk/n⌋ or ⌈Mk/n⌉ times. `random` draws each place by itself, as the paper does.
    """
    if kind == "random":
        return rng.integers(agents, size=(count, nodes))
    packs = -(-count * nodes // agents)
    dealt = np.concatenate([rng.permutation(agents) for _ in range(packs)])
    return dealt[: count * nodes].reshape(count, nodes)


def jfk_scores(assignments: IntMatrix, utilities: FloatVector, agents: int) -> FloatVector:
    """Return each agent's JFK-score, shape (agents,): Σ_j cnt_ij f(X^j) / Σ_j cnt_ij.

    `cnt_ij` is how often agent i occurs in assignment j. Assignments of NaN utility are left out;
    an agent that occurs in none of the others gets NaN: nothing is known about it.
    """
    if not len(assignments):
        return np.full(agents, np.nan)
    counts = np.stack([np.bincount(row, minlength=agents) for row in assignments], axis=1)
    known = np.isfinite(utilities)
    occurrences = counts[:, known].sum(axis=1)
    earned = counts[:, known] @ utilities[known]
    scores = np.full(agents, np.nan)
    drawn = occurrences > 0
    scores[drawn] = earned[drawn] / occurrences[drawn]
    return scores


def gains(tried: Sequence[int], utilities: FloatVector, before: float, agents: int) -> FloatVector:
    """Return what each tried agent's new weights gain, shape (agents,): utility less `before`.

    They are over one system: once a better one is found they are counted anew. Who was not tried
    gets NaN.
    """
    scores = np.full(agents, np.nan)
    scores[list(tried)] = utilities - before
    return scores
