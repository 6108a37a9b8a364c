"""A graph as an SVG picture: layers from left to right, boxes with names, arrows of reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from statistics import fmean
from typing import Final

from hswarm.graph.dag import Dag
from hswarm.graph.draw import clean_names

BOX_HEIGHT: Final = 38.0
LANE_HEIGHT: Final = 10.0
ROW_GAP: Final = 18.0
LAYER_GAP: Final = 64.0
MARGIN: Final = 20.0
CHARACTER_WIDTH: Final = 7.6
"""Of the 13 px font, on the wide side."""
MAX_LABEL: Final = 28
SWEEPS: Final = 4
"""Times that every layer is put in order; more changes nothing on graphs of a dozen nodes."""

FILLS: Final = {"entry": "#e0f2fe", "middle": "#f8fafc", "end": "#dcfce7"}
STROKES: Final = {"entry": "#0284c7", "middle": "#94a3b8", "end": "#16a34a"}


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in a layer: the node itself, or where its answer passes the layer on its way on."""

    node: int
    layer: int
    passes: bool


@dataclass(frozen=True, slots=True)
class Box:
    """Where a stop is drawn, in pixels: left and right edge, and the height of its middle."""

    left: float
    right: float
    middle: float


def draw_svg(dag: Dag, names: Sequence[str]) -> str:
    """Return the picture as one self-contained `<svg>`, `names[i]` being what sits in node i.

    Names are escaped, and shortened to 28 characters with the whole in the tooltip. An answer that
    is read several layers on runs between the boxes, in one line for all who read it. ValueError
    unless there is a name for every node.
    """
    labels = clean_names(dag, names)
    short = [s if len(s) <= MAX_LABEL else s[: MAX_LABEL - 1] + "…" for s in labels]
    hops = _hops(dag)
    layers = _order_layers(dag, hops)
    boxes = _place(layers, width=CHARACTER_WIDTH * max(len(label) for label in short) + 24)
    width = max(box.right for box in boxes.values()) + MARGIN
    height = 2 * MARGIN + max(_layer_height(layer) for layer in layers)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(_summary(dag, labels))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        *_draw_wires(dag, hops, boxes),
        *(
            _draw_node(dag, stop.node, boxes[stop], short[stop.node], labels)
            for layer in layers
            for stop in layer
            if not stop.passes
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _hops(dag: Dag) -> list[tuple[Stop, Stop]]:
    """Return every step of an answer from one layer to the next, without repetition."""
    depth = {node: layer for layer, nodes in enumerate(dag.layers()) for node in nodes}
    hops: dict[tuple[Stop, Stop], None] = {}
    for source, target in dag.edges:
        at = Stop(source, depth[source], passes=False)
        for layer in range(depth[source] + 1, depth[target]):
            following = Stop(source, layer, passes=True)
            hops[at, following] = None
            at = following
        hops[at, Stop(target, depth[target], passes=False)] = None
    return list(hops)


def _order_layers(dag: Dag, hops: Sequence[tuple[Stop, Stop]]) -> list[list[Stop]]:
    """Return the stops by layer, each layer ordered by where its neighbours are (barycentres)."""
    layers = [
        [Stop(node, depth, passes=False) for node in nodes]
        for depth, nodes in enumerate(dag.layers())
    ]
    for stop in dict.fromkeys(stop for hop in hops for stop in hop if stop.passes):
        layers[stop.layer].append(stop)
    before: dict[Stop, list[Stop]] = {stop: [] for layer in layers for stop in layer}
    after: dict[Stop, list[Stop]] = {stop: [] for layer in layers for stop in layer}
    for start, end in hops:
        before[end].append(start)
        after[start].append(end)
    for _ in range(SWEEPS):
        for left, right in pairwise(layers):
            _sort_by_neighbours(right, before, left)
        for left, right in reversed(list(pairwise(layers))):
            _sort_by_neighbours(left, after, right)
    return layers


def _sort_by_neighbours(
    layer: list[Stop], neighbours: Mapping[Stop, Sequence[Stop]], beside: Sequence[Stop]
) -> None:
    """Sort a layer by the mean place of each stop's neighbours in the layer beside it."""
    place = {stop: rank for rank, stop in enumerate(beside)}
    layer.sort(key=lambda stop: fmean(place[near] for near in neighbours[stop]))


def _height(stop: Stop) -> float:
    return LANE_HEIGHT if stop.passes else BOX_HEIGHT


def _layer_height(layer: Sequence[Stop]) -> float:
    return sum(_height(stop) for stop in layer) + ROW_GAP * (len(layer) - 1)


def _place(layers: Sequence[Sequence[Stop]], width: float) -> dict[Stop, Box]:
    """Stack each layer's stops around a common middle line."""
    tallest = max(_layer_height(layer) for layer in layers)
    boxes = {}
    for depth, layer in enumerate(layers):
        left = MARGIN + depth * (width + LAYER_GAP)
        top = MARGIN + (tallest - _layer_height(layer)) / 2
        for stop in layer:
            boxes[stop] = Box(left, left + width, top + _height(stop) / 2)
            top += _height(stop) + ROW_GAP
    return boxes


def _draw_wires(
    dag: Dag, hops: Sequence[tuple[Stop, Stop]], boxes: Mapping[Stop, Box]
) -> Iterator[str]:
    """Draw each node's answer in a colour of its own, with an arrow where it is read."""
    arrivals: dict[Stop, list[Stop]] = {}
    for start, end in sorted(hops, key=lambda hop: boxes[hop[0]].middle):
        arrivals.setdefault(end, []).append(start)
    for end, starts in arrivals.items():
        box = boxes[end]
        for place, start in enumerate(starts):
            # Arrows into one box arrive side by side, in the order in which they come from above.
            y = box.middle + (place - (len(starts) - 1) / 2) * min(9.0, 30.0 / len(starts))
            colour = f"hsl({360 * start.node // len(dag)}, 45%, 45%)"
            yield (
                f'<path d="{_curve(boxes[start], box, y, through=end.passes)}" fill="none" '
                f'stroke="{colour}" stroke-width="1.5"/>'
            )
            if not end.passes:
                yield (f'<path class="arrow" d="M{box.left:g} {y:g}l-8 -4v8z" fill="{colour}"/>')


def _curve(start: Box, end: Box, y: float, *, through: bool) -> str:
    bend = (start.right + end.left) / 2
    curve = (
        f"M{start.right:g} {start.middle:g}"
        f"C{bend:g} {start.middle:g} {bend:g} {y:g} {end.left - (0 if through else 6):g} {y:g}"
    )
    return curve + (f"H{end.right:g}" if through else "")


def _draw_node(dag: Dag, node: int, box: Box, label: str, names: Sequence[str]) -> str:
    kind = "end" if node == dag.end else "middle" if dag.parents[node] else "entry"
    read = ", ".join(names[parent] for parent in dag.parents[node])
    tooltip = f"{names[node]} (node {node})" + (f" reads {read}" if read else "")
    return (
        f'<g class="node" data-node="{node}"><title>{escape(tooltip)}</title>'
        f'<rect x="{box.left:g}" y="{box.middle - BOX_HEIGHT / 2:g}" '
        f'width="{box.right - box.left:g}" height="{BOX_HEIGHT:g}" rx="8" '
        f'fill="{FILLS[kind]}" stroke="{STROKES[kind]}" stroke-width="1.5"/>'
        f'<text x="{(box.left + box.right) / 2:g}" y="{box.middle:g}" text-anchor="middle" '
        f'dominant-baseline="central" fill="#0f172a">{escape(label)}</text></g>'
    )


def _summary(dag: Dag, names: Sequence[str]) -> str:
    return f"{len(dag)} agents, {len(dag.edges)} edges; {names[dag.end]} answers"
