"""Agent-Prune: random graphs, with edges cut (Zhang et al., 2024, "Cut the crap").

As Heterogeneous Swarms (Feng et al., 2025, appendix) compares with it: structures are drawn, pruned
and evaluated again, 20 times; the best over draws and degrees of pruning is the result.

Searched: the edges. Evaluations: 80 at most, a drawn graph and three prunings of it, twenty times.
Departure: the weakest edges by the drawn likelihoods are cut, where the original trains a mask; no
node loses its last reader, so that a graph stays one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.baselines.gpt_swarm import TOP_P
from hswarm.baselines.trials import Trials
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.swarm.random import generator

DRAWS: Final = 20
DEGREES: Final = (0.25, 0.5, 0.75)
"""Shares of the edges that are cut."""
EVALUATIONS: Final = DRAWS * (1 + len(DEGREES))


async def agent_prune(trials: Trials) -> None:
    """Enter random graphs and what is left of each with its weakest edges cut."""
    nodes = len(trials.roster)
    # Of a budget none is left over: where nothing can be cut, a draw costs less than it might.
    for draw in range(trials.allowed(DRAWS)):
        rng = generator(trials.seed, "agent-prune", draw)
        likelihood = rng.random((nodes, nodes))
        dag = decode(likelihood, top_p=TOP_P, edges="each", rng=rng)
        pruned = [prune(dag, likelihood, degree) for degree in DEGREES]
        await trials.enter([trials.arranged(graph) for graph in (dag, *pruned)])


def prune(dag: Dag, likelihood: NDArray[np.float64], degree: float) -> Dag:
    """Return `dag` without the `degree` of its edges that are least likely.

    `likelihood` is n×n, entry (u, v) that of u → v. An edge is passed over if it is its source's
    last one, so that fewer may be cut.
    """
    edges = dag.edges
    readers = np.bincount([u for u, _ in edges], minlength=len(dag)) if edges else np.zeros(0, int)
    to_cut = int(degree * len(edges))
    kept = set(edges)
    for u, v in sorted(edges, key=lambda edge: likelihood[edge]):
        if len(edges) - len(kept) == to_cut:
            break
        if readers[u] > 1:
            kept.remove((u, v))
            readers[u] -= 1
    return Dag.from_edges(len(dag), sorted(kept))
