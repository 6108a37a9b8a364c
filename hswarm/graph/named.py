"""A graph of the catalogue: one entry, as data, made into a graph of so many nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hswarm.config import Shape, validated
from hswarm.errors import HswarmError
from hswarm.graph.dag import Dag
from hswarm.graph.shapes import SHAPES

Node = Annotated[int, Field(ge=0)]


class NamedGraph(BaseModel):
    """A named graph: a shape, which fits any number of nodes, or edges, which fix it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    shape: Shape | None = None
    edges: tuple[tuple[Node, Node], ...] | None = None
    """Every (u, v) where node v reads node u; nodes count from 0."""

    @model_validator(mode="after")
    def _is_one_graph(self) -> NamedGraph:
        if (self.shape is None) == (self.edges is None):
            raise ValueError("a graph has either a shape or edges")
        if self.edges is not None:
            Dag.from_edges(self._size(), self.edges)
        return self

    def _size(self) -> int:
        return 1 + max((node for edge in self.edges or () for node in edge), default=0)

    def to_dag(self, nodes: int) -> Dag:
        """Return the graph on `nodes` ≥ 1 nodes, a shape over them in order.

        Raises HswarmError if it has edges for another number of nodes.
        """
        if self.shape is not None:
            return SHAPES[self.shape](range(nodes))
        if nodes != self._size():
            raise HswarmError(
                f"The graph {self.name!r} has {self._size()} nodes, not {nodes}.",
                hint="Take as many agents as it has nodes, or a graph with a shape.",
            )
        return Dag.from_edges(nodes, self.edges or ())


def read_graph(entry: Mapping[str, Any], where: str) -> NamedGraph:
    """Read an entry of the catalogue; `where` names it in errors. Raises HswarmError."""
    return validated(NamedGraph, entry, where)
