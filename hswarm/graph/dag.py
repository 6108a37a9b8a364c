"""A directed acyclic graph that says who reads whose answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import networkx as nx


@dataclass(frozen=True, slots=True)
class Dag:
    """The parents of each node: node i reads the answers of `parents[i]`, sorted by index.

    Valid by construction: indices in range, no cycle, exactly one node that nobody reads (the end
    node) and hence one that every other node reaches. ValueError otherwise.
    """

    parents: tuple[tuple[int, ...], ...]
    order: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The nodes in topological order: smallest index first among those that are ready."""

    def __post_init__(self) -> None:
        size = len(self.parents)
        if not size:
            raise ValueError("a graph needs at least one node")
        for node, parents in enumerate(self.parents):
            if list(parents) != sorted(set(parents)) or not all(0 <= p < size for p in parents):
                raise ValueError(f"node {node} has invalid parents {parents}")
        try:
            order = tuple(nx.lexicographical_topological_sort(self.to_networkx()))
        except nx.NetworkXUnfeasible as error:
            raise ValueError("the graph has a cycle") from error
        read = {parent for parents in self.parents for parent in parents}
        if size - len(read) != 1:
            raise ValueError(f"the graph has {size - len(read)} end nodes; it must have one")
        object.__setattr__(self, "order", order)

    @classmethod
    def from_edges(cls, size: int, edges: Sequence[tuple[int, int]]) -> Dag:
        """Build the graph on nodes 0 … size-1 with an edge (u, v) where v reads u.

        ValueError unless that is a valid graph.
        """
        parents: list[set[int]] = [set() for _ in range(size)]
        for source, target in edges:
            if not 0 <= target < size:
                raise ValueError(f"there is no node {target} among {size}")
            parents[target].add(source)
        return cls(tuple(tuple(sorted(p)) for p in parents))

    def __len__(self) -> int:
        return len(self.parents)

    @property
    def end(self) -> int:
        """The node whose answer is the system's answer."""
        return self.order[-1]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Every (u, v) where v reads u, sorted by v, then u."""
        return [(u, v) for v, parents in enumerate(self.parents) for u in parents]

    def layers(self) -> tuple[tuple[int, ...], ...]:
        """The nodes by depth: a node comes one layer after the last of its parents."""
        return _layers(self)

    def to_networkx(self) -> nx.DiGraph[int]:
        """Return the graph as a networkx digraph with edges in the direction of reading."""
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(len(self.parents)))
        graph.add_edges_from(self.edges)
        return graph


@lru_cache(maxsize=4096)
def _layers(dag: Dag) -> tuple[tuple[int, ...], ...]:
    """Return a graph's layers; each of a search's graphs is run on every item."""
    depth: dict[int, int] = {}
    for node in dag.order:
        depth[node] = 1 + max((depth[p] for p in dag.parents[node]), default=-1)
    layers: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in sorted(depth):
        layers[depth[node]].append(node)
    return tuple(map(tuple, layers))


LONE: Final = Dag(((),))
"""The graph of one node."""
