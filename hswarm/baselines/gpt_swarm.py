"""GPT-Swarm: adjacency matrices, interpolated by the utility of the graphs that they decode to.

After Zhuge et al. (2024, "Language agents as optimizable graphs"), as Heterogeneous Swarms (Feng et
al., 2025, appendix) compares with it: each of ten matrices is drawn half-way to the mean of all,
weighted by utility, round by round. GPT-Swarm's own optimiser is
`hswarm.baselines.gpt_swarm_reinforce`.

Searched: the edges, with everybody once in every graph. Evaluations: 100, ten graphs a round.
Departure: the paper says "interpolation of adjacency matrices based on f" and no more; how many
there are, how far they go and G-decode as what makes them graphs are ours.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.baselines.trials import Trials
from hswarm.graph.decode import decode
from hswarm.swarm.random import generator

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

EVALUATIONS: Final = 100
ROUND: Final = 10
"""Graphs of a round."""
TOP_P: Final = 0.8
"""Nucleus of the node choices, as in the paper's search."""
PULL: Final = 0.5
"""How far a matrix goes towards the mean of all in a round."""


async def gpt_swarm(trials: Trials) -> None:
    """Enter the graphs of ten matrices, round by round, each drawn to the utility-weighted mean."""
    nodes, budget = len(trials.roster), trials.allowed(EVALUATIONS)
    matrices = generator(trials.seed, "gpt-swarm").random((ROUND, nodes, nodes))
    for turn in range(-(-budget // ROUND)):
        dags = [
            decode(matrix, top_p=TOP_P, edges="each", rng=generator(trials.seed, "draw", turn, k))
            for k, matrix in enumerate(matrices)
        ]
        utilities = await trials.enter([trials.arranged(dag) for dag in dags])
        matrices = interpolate(matrices, np.array(utilities))


def interpolate(matrices: FloatMatrix, utilities: FloatVector) -> FloatMatrix:
    """Return matrices, shape (N, n, n), moved towards their mean weighted by utility.

    Weights are what a utility, shape (N,), is above the lowest; NaN counts as the lowest.
    """
    worth = np.nan_to_num(utilities - np.nanmin([*utilities, np.inf]), nan=0.0, posinf=0.0)
    worth = worth if worth.any() else np.ones_like(worth)
    mean = np.tensordot(worth / worth.sum(), matrices, axes=1)
    moved: FloatMatrix = (1.0 - PULL) * matrices + PULL * mean
    return moved
