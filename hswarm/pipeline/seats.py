"""Who sits where in a found system: one agent per distinct model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from hswarm.agents.agent import Sitter, make_agent
from hswarm.agents.ensemble import Ensemble, read_rule
from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import Name
from hswarm.engines.request import Blend, ModelReference
from hswarm.errors import HswarmError
from hswarm.experts.mixture import Mixture
from hswarm.graph.dag import Dag
from hswarm.search.result import Node
from hswarm.system import System

_NAME: Final = TypeAdapter[str](Name)


@dataclass(frozen=True, slots=True)
class Seats:
    """The agent in each node, and who answers for each agent, agents in order of first use."""

    agents: tuple[str, ...]
    models: Mapping[str, Sitter]
    """Members of an ensemble come before it, and experts of a mixture."""

    def system(self, dag: Dag) -> System:
        """Return the system of these agents in the nodes of `dag`, ready to answer."""
        return System(dag, tuple(make_agent(name, self.models[name]) for name in self.agents))


def seat(nodes: Sequence[Node], pool: OpenPool) -> Seats:
    """Return who sits in the nodes of a result of `pool`.

    Nodes with the same model share an agent; it goes by the name of the first. HswarmError where
    somebody is not in the pool.
    """
    names: dict[Sitter, str] = {}
    agents = []
    for node in nodes:
        _check_name(node.agent)
        for member in (*node.members, *_mixed(node, pool)):
            names.setdefault(_member(member, pool), member)
    for node in nodes:
        model = _model(node, pool)
        if model not in names:
            own = (
                not node.coefficients and not node.members
            )  # the pool's name, by which it is found
            taken = {*names.values(), *pool.others}
            names[model] = node.agent if own else _free(node.agent, taken)
        agents.append(names[model])
    return Seats(tuple(agents), {name: model for model, name in names.items()})


def found_system(nodes: Sequence[Node], pool: OpenPool) -> System:
    """Return the system that a result of `pool` describes; HswarmError as `seat`."""
    return seat(nodes, pool).system(Dag(tuple(node.parents for node in nodes)))


def _check_name(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise HswarmError(
            f"The run's system has a model called {name!r:.100}, which is no name.",
            hint="Restore the run's result.json as it was written, or search again.",
        ) from None


def _mixed(node: Node, pool: OpenPool) -> tuple[str, ...]:
    """Return the experts whose tokens are mixed in a node."""
    model = _model(node, pool) if node.coefficients else None
    mixtures = {mixture.fingerprint for mixture in pool.mixtures}
    if not isinstance(model, Blend) or model.family not in mixtures:
        return ()
    return tuple(name for name, coefficient in node.coefficients.items() if coefficient)


def _member(name: str, pool: OpenPool) -> ModelReference:
    model = pool.agents.get(name)
    if model is None or isinstance(model, Ensemble):
        raise _unknown(name)
    return model


def _model(node: Node, pool: OpenPool) -> Sitter:
    if node.members and node.rule is not None:
        members = [_member(name, pool) for name in node.members]
        return Ensemble.of(members, read_rule(node.rule))
    if not node.coefficients:
        if node.agent not in pool.others:
            raise _unknown(node.agent)
        return pool.others[node.agent]
    for family in pool.mixtures or pool.families:
        if not set(node.coefficients).isdisjoint(family.names):
            for expert in sorted(set(node.coefficients) - set(family.names)):
                raise _unknown(expert)
            row = tuple(node.coefficients.get(expert, 0.0) for expert in family.names)
            if isinstance(family, Mixture):
                return Blend(*family.locate(row))
            return Blend(family.fingerprint, row)
    raise _unknown(min(node.coefficients))


def _unknown(name: str) -> HswarmError:
    return HswarmError(
        f"The run's system has a model made of {name!r}, which is not in the pool.",
        hint="Restore the pool that the run was begun with.",
    )


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, numbered where it is taken."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
