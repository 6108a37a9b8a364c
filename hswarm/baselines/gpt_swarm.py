"""GPT-Swarm: who reads whom, learned from utilities (Zhuge et al., 2024, "Language agents as
optimizable graphs").

Two of them. `gpt-swarm` is what Heterogeneous Swarms (Feng et al., 2025, appendix) compares with:
adjacency matrices are interpolated by the utility of the graphs that they decode to.
`gpt-swarm-reinforce` is GPT-Swarm's own: every edge has a probability of its own, and the
probabilities follow the policy gradient (REINFORCE, Williams, 1992).

Searched: the edges, with everybody once in every graph. Evaluations: 100 and 50, ten graphs a
round; with the embedded pool that is what a search generates, for graphs drawn edge by edge have
twice the edges.
Departures: neither optimises prompts; the best graph that was evaluated is the result, not one of
all edges above 1/2 that never was. In GPT-Swarm a decision node hears everybody; here the last of
those nobody reads is the end node, and the others are read by it.
"""

from __future__ import annotations

from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hswarm.baselines.trials import Trials
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.swarm.random import generator

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

EVALUATIONS: Final = 100
DRAWN: Final = 50
"""The evaluations of graphs that are drawn edge by edge."""
ROUND: Final = 10
"""Graphs of a round."""
TOP_P: Final = 0.8
"""Nucleus of the node choices, as in the paper's search."""
PULL: Final = 0.5
"""How far a matrix goes towards the mean of all in a round."""
RATE: Final = 1.0
"""Step along the policy gradient, in log-odds per standard deviation of utility."""


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


async def gpt_swarm_reinforce(trials: Trials) -> None:
    """Enter graphs drawn edge by edge, ten a round, and make good ones' edges likelier."""
    nodes, budget = len(trials.roster), trials.allowed(DRAWN)
    odds = np.zeros((nodes, nodes))
    for turn in range(-(-budget // ROUND)):
        drawn = [
            draw_edges(_probabilities(odds), generator(trials.seed, "reinforce", turn, k))
            for k in range(ROUND)
        ]
        utilities = await trials.enter([trials.arranged(dag) for dag, _ in drawn])
        odds = odds + RATE * policy_gradient([score for _, score in drawn], np.array(utilities))


def draw_edges(chances: FloatMatrix, rng: np.random.Generator) -> tuple[Dag, FloatMatrix]:
    """Draw a graph; return it and the gradient of its log-probability by the log-odds.

    Pairs are visited in random order; one whose edge would close a circle is passed over and has no
    part in the gradient, x − p for the others (x is 1 for an edge drawn at its chance p).
    """
    size = len(chances)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(size))
    score = np.zeros_like(chances)
    pairs = [(u, v) for u in range(size) for v in range(size) if u != v]
    for k in rng.permutation(len(pairs)):
        u, v = pairs[k]
        if nx.has_path(graph, v, u):
            continue
        drawn = rng.random() < chances[u, v]
        score[u, v] = drawn - chances[u, v]
        if drawn:
            graph.add_edge(u, v)
    *_, end = (v for v in nx.lexicographical_topological_sort(graph) if not graph.out_degree(v))
    loose = [v for v in graph if not graph.out_degree(v) and v != end]
    return Dag.from_edges(size, [*graph.edges, *((v, end) for v in loose)]), score


def policy_gradient(scores: list[FloatMatrix], utilities: FloatVector) -> FloatMatrix:
    """Return the REINFORCE estimate: the mean of (f − mean f) / std f times each graph's score.

    Graphs of NaN utility are left out; without differences it is zero.
    """
    known = np.isfinite(utilities)
    spread = utilities[known].std() if known.any() else 0.0
    if spread == 0.0:
        return np.zeros_like(scores[0])
    advantage = np.where(known, (utilities - utilities[known].mean()) / spread, 0.0)
    gradient: FloatMatrix = np.tensordot(advantage, np.stack(scores), axes=1) / known.sum()
    return gradient


def _probabilities(odds: FloatMatrix) -> FloatMatrix:
    chances: FloatMatrix = 1.0 / (1.0 + np.exp(-odds))
    return chances
