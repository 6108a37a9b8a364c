"""GPT-Swarm's own optimiser: every edge has a probability, which follows the policy gradient
(Zhuge et al., 2024, "Language agents as optimizable graphs"; REINFORCE, Williams, 1992).

Searched: the edges, with everybody once in every graph. Evaluations: 50, ten graphs a round; with
the embedded pool that is what a search generates, for graphs drawn edge by edge have twice the
edges. Departures: prompts are not optimised; the best graph that was evaluated is the result, not
one of all edges above 1/2 that never was; in GPT-Swarm a decision node hears everybody, here the
last of those nobody reads is the end node, and the others are read by it.
"""

from __future__ import annotations

from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from hswarm.baselines.trials import Trials
from hswarm.graph.dag import Dag
from hswarm.swarm.random import generator

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

EVALUATIONS: Final = 50
ROUND: Final = 10
"""Graphs of a round."""
RATE: Final = 1.0
"""Step along the policy gradient, in log-odds per standard deviation of utility."""


async def gpt_swarm_reinforce(trials: Trials) -> None:
    """Enter graphs drawn edge by edge, ten a round, and make good ones' edges likelier."""
    nodes, budget = len(trials.roster), trials.allowed(EVALUATIONS)
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
