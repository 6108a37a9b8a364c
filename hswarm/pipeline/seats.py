"""Who sits where in a found system: one agent per distinct coefficient row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hswarm.errors import HswarmError
from hswarm.search.result import Node
from hswarm.search.roster import Row


@dataclass(frozen=True, slots=True)
class Seats:
    """The agent in each node, and every agent's coefficients, agents in order of first use."""

    agents: tuple[str, ...]
    rows: Mapping[str, Row]


def seat(nodes: Sequence[Node], experts: Sequence[str]) -> Seats:
    """Return who sits in the nodes of a result, coefficients in the order of `experts`.

    Nodes with equal rows share an agent; it goes by the name of the first. HswarmError where a
    node is made of experts that there are not.
    """
    names: dict[Row, str] = {}
    agents = []
    for node in nodes:
        unknown = sorted(set(node.coefficients) - set(experts))
        if unknown:
            raise HswarmError(
                f"The run's system has a model made of {unknown[0]!r}, which is not in the pool.",
                hint="Restore the pool that the run was begun with.",
            )
        row = tuple(node.coefficients.get(expert, 0.0) for expert in experts)
        if row not in names:
            names[row] = _free(node.agent, set(names.values()))
        agents.append(names[row])
    return Seats(tuple(agents), {name: row for row, name in names.items()})


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, numbered where it is taken."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
