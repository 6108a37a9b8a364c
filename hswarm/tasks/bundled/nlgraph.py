"""nlgraph (bundled): the two NLGraph tasks of the authors' data, on graphs of six nodes.

Connectivity takes the skill of walking a graph. The length of a shortest path takes walking and
then adding, which another expert does.

There are 270 graphs of two lines over six nodes, so connectivity problems of dev, test and training
are about the same graphs, each told in full in the question, but never about the same two nodes.
"""

from __future__ import annotations

from typing import Final

import networkx as nx
import numpy as np

from hswarm.tasks.bundled.arithmetic import add
from hswarm.tasks.bundled.problem import Problem, Step
from hswarm.tasks.bundled.world import World

NODES: Final = 6


def pose(world: World, rng: np.random.Generator) -> Problem:
    """Pose a problem; its key is the graph with the pair of nodes. `world` is not asked."""
    return _shortest_path(rng) if rng.random() < 0.5 else _connectivity(rng)


def _shortest_path(rng: np.random.Generator) -> Problem:
    """Ask from one leaf of a weighted tree to another, two or three edges away."""
    while True:
        graph = _random_tree(NODES, rng)
        for a, b in graph.edges:
            graph[a][b]["weight"] = int(rng.integers(1, 10))
        leaves = [v for v in graph if graph.degree[v] == 1]
        start, end = (int(v) for v in rng.choice(leaves, size=2, replace=False))
        path = nx.shortest_path(graph, start, end)
        if len(path) <= 4:
            break
    legs = [(a, b, graph[a][b]["weight"]) for a, b in nx.utils.pairwise(path)]
    steps = [Step("walk", " ".join(f"{a} to {b} is {weight}." for a, b, weight in legs))]
    total = legs[0][2]
    for _, _, weight in legs[1:]:
        steps.append(add(total, weight))
        total += weight
    lines = [
        f"Node {a} is connected to "
        + ", ".join(f"node {b} with weight {graph[a][b]['weight']}" for b in sorted(graph[a]))
        + "."
        for a in sorted(graph)
    ]

    def ask(a: int, b: int) -> str:
        return "\n".join(
            (
                "The following paragraph describes an undirected graph with weights.",
                *lines,
                f"Q: What is the shortest path between node {a} and node {b}, "
                "and what is the length of the shortest path?",
                "Please directly answer with the length of the shortest path:",
            )
        )

    question = ask(start, end)
    return Problem(question, str(total), tuple(steps), key=question, twin=ask(end, start))


def _connectivity(rng: np.random.Generator) -> Problem:
    """Ask from the end of one of two lines of nodes whether a node is on the same line."""
    cut = int(rng.integers(2, NODES - 1))
    names = [int(v) for v in rng.permutation(NODES)]
    reached, others = names[:cut], names[cut:]
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(NODES))
    for line in (reached, others):
        nx.add_path(graph, line)
    connected = bool(rng.random() < 0.5)
    start = reached[0]
    ends = reached[1:] if connected else others
    end = ends[int(rng.integers(len(ends)))]
    lines = [
        f"Node {a} is connected to {', '.join(str(b) for b in sorted(graph[a]))}."
        for a in sorted(graph)
        if graph[a]
    ]

    def ask(a: int, b: int) -> str:
        return "\n".join(
            (
                "The following text describes an undirected graph. "
                "Determine if there is a path between two nodes in the graph.",
                *lines,
                f"Q: Is there a path between node {a} and node {b}?",
                "Please directly answer with Yes or No:",
            )
        )

    question = ask(start, end)
    # One walks until one is there, or to the end of the line.
    way = reached[1 : reached.index(end) + 1] if connected else reached[1:]
    walked = " ".join(map(str, way)) + ("" if connected else f", not {end}")
    answer = "Yes" if connected else "No"
    return Problem(
        question,
        answer,
        (Step("walk", f"From {start} one reaches {walked}."),),
        key=question,
        guesses=(("Yes", "No"), (answer,)),
        twin=ask(end, start),
    )


def _random_tree(size: int, rng: np.random.Generator) -> nx.Graph[int]:
    """A tree on 0 … size-1 in which each node hangs on a random earlier one."""
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(size))
    order = rng.permutation(size)
    for k in range(1, size):
        graph.add_edge(int(order[k]), int(order[rng.integers(k)]))
    return graph
