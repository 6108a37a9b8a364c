"""The found graph, layer by layer: who sits where, how good alone, at what cost, in which role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from hswarm.analysis.roles import LABELS, Label, main_role
from hswarm.figures.look import FAINT, INK, PAGE, figure, new_figure
from hswarm.figures.roles import COLOURS
from hswarm.graph.dag import Dag

Place = tuple[float, float]

_WIDTH, _HEIGHT = 0.86, 0.62
"""Of a node's box, where layers are 1.25 and nodes of a layer 1 apart."""
_STRIDE = 1.25
_PER_ROW = 6
"""Layers side by side; the layers of a longer graph go on in a row below."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What is known of a node."""

    agent: str
    utility: float | None = None
    """Of its model alone, on dev."""
    tokens: float | None = None
    """That it writes per item, in the mean."""
    roles: Mapping[Label, float] | None = None


@figure
def draw_graph(dag: Dag, nodes: Sequence[NodeFacts]) -> Figure:
    """Draw the graph; a box is filled, and lettered, by the role that its node plays most."""
    places = _layout(dag)
    columns = [x for x, _ in places.values()]
    rows = [y for _, y in places.values()]
    tall = max(rows) - min(rows) + 1.4
    drawn = new_figure(PAGE, min(8.0, max(1.3, 0.8 * tall)))
    axes = drawn.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(min(columns) - 0.7, max(max(columns) + 0.7, min(columns) + 3.0))
    axes.set_ylim(min(rows) - 0.7, max(rows) + 0.7)
    for source, target in dag.edges:
        _draw_edge(axes, places[source], places[target])
    for node, facts in enumerate(nodes):
        _draw_node(axes, places[node], facts, end=node == dag.end)
    seen = [
        label
        for label in LABELS
        if any(n.roles and main_role(dict(n.roles)) == label for n in nodes)
    ]
    if seen:
        drawn.legend(
            handles=[Patch(color=COLOURS[label], alpha=0.45, label=label) for label in seen],
            loc="outside upper left", ncols=len(seen),
        )  # fmt: skip
    return drawn


def _layout(dag: Dag) -> dict[int, Place]:
    """Return where nodes are: layers from left to right, a long graph in several rows."""
    graph = dag.to_networkx()
    layers = dag.layers()
    for depth, layer in enumerate(layers):
        for node in layer:
            graph.nodes[node]["layer"] = depth
    spread = nx.multipartite_layout(graph, subset_key="layer", align="vertical")
    widest = max(map(len, layers))
    places = {}
    for depth, layer in enumerate(layers):
        row, column = divmod(depth, _PER_ROW)
        ordered = sorted(layer, key=lambda node: -float(spread[node][1]))
        for rank, node in enumerate(ordered):
            y = (len(layer) - 1) / 2 - rank - row * (widest + 0.6)
            places[node] = (column * _STRIDE, y)
    return places


def _draw_edge(axes: Axes, start: Place, end: Place) -> None:
    layers = round((end[0] - start[0]) / _STRIDE)
    ahead = layers >= 1
    if ahead:
        tail, head = (start[0] + _WIDTH / 2, start[1]), (end[0] - _WIDTH / 2, end[1])
        # A wire past other boxes bends around them.
        bend = 0.0 if layers == 1 and start[1] == end[1] else -0.28
    else:  # to the row below
        tail, head = (start[0], start[1] - _HEIGHT / 2), (end[0], end[1] + _HEIGHT / 2)
        bend = 0.12
    axes.add_patch(
        FancyArrowPatch(
            tail, head, arrowstyle="-|>", mutation_scale=8, linewidth=0.9, color=FAINT,
            connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0, zorder=1,
        )
    )  # fmt: skip


def _draw_node(axes: Axes, place: Place, facts: NodeFacts, *, end: bool) -> None:
    x, y = place
    label = main_role(dict(facts.roles)) if facts.roles else None
    tint = (COLOURS[label] if label else "#ffffff") + "73"
    for face, edge, width in (("white", "none", 0.0), (tint, INK, 1.8 if end else 0.8)):
        axes.add_patch(
            FancyBboxPatch(
                (x - _WIDTH / 2, y - _HEIGHT / 2), _WIDTH, _HEIGHT, facecolor=face, edgecolor=edge,
                linewidth=width, boxstyle="round,pad=0,rounding_size=0.08", zorder=2,
            )
        )  # fmt: skip
    name = facts.agent if len(facts.agent) <= 13 else facts.agent[:12] + "…"
    axes.text(x, y + 0.14, name, ha="center", va="center", fontsize=7.0, zorder=3)
    details = []
    if facts.utility is not None:
        details.append(f"{facts.utility:.2f} alone")
    if facts.tokens is not None:
        details.append(f"{facts.tokens:.0f} tok")
    axes.text(x, y - 0.13, " · ".join(details), ha="center", va="center", fontsize=5.2, zorder=3)
    if label:
        axes.text(
            x + _WIDTH / 2 - 0.03, y + _HEIGHT / 2 - 0.03, label[0].upper(), ha="right", va="top",
            fontsize=5.5, fontweight="bold", zorder=3,
        )  # fmt: skip
