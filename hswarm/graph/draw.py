"""A graph as text for the terminal.

One row per node, in layers. Each node's answer runs down a line of its own, as in a circuit
diagram: a dot is a junction, where the node in that row reads the answer; a cross is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hswarm.graph.dag import Dag

LEGEND: Final = "│ an answer on its way down   ● read in this row   ┼ passed by"


def draw_text(dag: Dag, names: Sequence[str]) -> str:
    """Return the drawing, `names[i]` being what sits in node i; lines without trailing space.

    The last row is the end node, whose answer is the system's. ValueError unless there is a name
    for every node.
    """
    labels = clean_names(dag, names)
    width = max(len(label) for label in labels)
    layers = dag.layers()
    rows = [node for layer in layers for node in layer]
    titles = {layer[0]: f"layer {depth}" for depth, layer in enumerate(layers, start=1)}
    margin = len(f"layer {len(layers)}")
    lines = [
        f"{titles.get(node, ''):<{margin}}  {node:>2} {labels[node]:<{width}}  {wires}".rstrip()
        for node, wires in zip(rows, _wire(dag, rows), strict=True)
    ]
    return "\n".join([*lines, "", LEGEND] if dag.edges else lines)


def clean_names(dag: Dag, names: Sequence[str]) -> list[str]:
    """Return `names` fit to be shown: no line breaks, nothing that a terminal would obey.

    ValueError unless there is one for every node.
    """
    if len(names) != len(dag):
        raise ValueError(f"{len(dag)} nodes but {len(names)} names")
    return [_printable(" ".join(name.split())) for name in names]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _wire(dag: Dag, rows: Sequence[int]) -> list[str]:
    """Return the wires beside each row; column k carries the answer of the node in row k."""
    row_of = {node: row for row, node in enumerate(rows)}
    reads = [{row_of[parent] for parent in dag.parents[node]} for node in rows]
    last_read = {column: row for row, columns in enumerate(reads) for column in columns}
    wires = []
    for row in range(len(rows)):
        reach = row if row in last_read else max(reads[row], default=-1)
        wire = "◀─" if reads[row] else "──" if row in last_read else ""
        for column in sorted(last_read):
            passing = column < row <= last_read[column]
            if column in reads[row]:
                wire += "●"
            elif column == row:
                wire += "╮"
            elif column < reach:
                wire += "┼" if passing else "─"
            else:
                wire += "│" if passing else " "
            wire += "─" if column < reach else " "
        wires.append(wire)
    return wires
