"""Experts that leave a search or join it: its state over other agents than before.

Nobody else is lost, and no place: matrices lose or gain a node, rows a column, the best graph the
nodes in which the expert sat. What was measured in other company is to be measured again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hswarm.config import SearchConfig
from hswarm.graph.moves import take_out
from hswarm.search.found import Candidate, Found
from hswarm.search.renode import with_node, without_node
from hswarm.search.roster import Row
from hswarm.search.state import SearchState
from hswarm.search.weight import purpose
from hswarm.swarm.joining import join
from hswarm.swarm.leaving import drop_column, without_column
from hswarm.swarm.measuring import forget
from hswarm.swarm.populate import populate
from hswarm.swarm.state import FloatMatrix, FloatVector, SwarmState


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expert is in a search, or will be.

    `family` is the number of its swarm, `column` its column there and the number of its particle;
    `agent` is its number among all `agents`, and `first` that of the first of its family's
    `experts`; itself is counted.
    """

    family: int
    column: int
    first: int
    experts: int
    agents: int

    @property
    def agent(self) -> int:
        """Its number."""
        return self.first + self.column

    def particle(self, agent: int) -> int | None:
        """Return which particle of the expert's family an agent's number is; None of others.

        Particles beside the experts, which only a lone family has, come after all agents.
        """
        if agent >= self.agents:
            return agent - self.agents + self.experts
        within = agent - self.first
        return within if 0 <= within < self.experts else None


def home_without(swarm: SwarmState, config: SearchConfig) -> FloatMatrix:
    """Return where the particles of a swarm of N×n would start with one expert less."""
    particles, experts = swarm.position.shape
    crossover = config.weight.crossover
    return populate(experts - 1, particles - 1, seed=config.seed, crossover=crossover)


def leave(
    state: SearchState, place: Place, config: SearchConfig, cleaned: SwarmState | None = None
) -> SearchState:
    """Return the state of a search without the expert at `place`.

    `cleaned` is the reduced swarm of its family where that was rebuilt (`swarm.unpulled`); else the
    expert's column is dropped from every row.
    """
    before = state.weights[place.family]
    home = home_without(before, config)

    def change(agent: int, row: Row) -> Row:
        """Return the row of another in the best-found system."""
        particle = place.particle(agent)
        if particle is None:
            return row
        particle -= particle > place.column
        if cleaned is not None:  # on another path it came to other weights
            return _row(cleaned.personal_best[particle])
        return _row(drop_column(np.array([row]), place.column, home[[particle]])[0])

    role = state.role
    if role is not None:
        fixed = config.role.nodes is not None  # and who sits where is dealt anew
        role = (
            forget(role, remember=role.told is not None)
            if fixed
            else without_node(role, place.agents, place.agent)
        )
    swarm = cleaned or without_column(before, place.column, place.column, home)
    found = state.found
    if found is not None:
        found = _unseat(found, place, change)
    return _changed(state, place, config, swarm=swarm, role=role, found=found)


def enter(state: SearchState, place: Place, config: SearchConfig) -> SearchState:
    """Return the state of a search that an expert has joined at `place`."""
    role, found = state.role, state.found
    if role is not None:
        fixed = config.role.nodes is not None
        role = (
            forget(role, remember=role.told is not None)
            if fixed
            else with_node(role, place.agents - 1, place.agent, config.role, config.seed)
        )
    swarm = state.weights[place.family]
    swarm = join(swarm, place.column, config.seed, purpose(place.family))
    if found is not None:
        old = found.candidate
        agents = tuple(agent + (agent >= place.agent) for agent in old.agents)
        rows = tuple(
            row
            if place.particle(agent) is None
            else (*row[: place.column], 0.0, *row[place.column :])
            for agent, row in zip(agents, old.rows, strict=True)
        )
        found = replace(found, candidate=Candidate(old.dag, agents, rows))
    return _changed(state, place, config, swarm=swarm, role=role, found=found)


def _unseat(found: Found, place: Place, change: Callable[[int, Row], Row]) -> Found | None:
    """Return a found system without its nodes of the expert at `place`; None if none is left."""
    dag, agents, rows = found.candidate.dag, [*found.candidate.agents], [*found.candidate.rows]
    while place.agent in agents:
        node = agents.index(place.agent)
        if len(dag) == 1:
            return None
        dag = take_out(dag, node)
        del agents[node], rows[node]
    cleaned = tuple(map(change, agents, rows))
    numbers = tuple(agent - (agent > place.agent) for agent in agents)
    return replace(found, candidate=Candidate(dag, numbers, cleaned))


def _changed(
    state: SearchState,
    place: Place,
    config: SearchConfig,
    *,
    swarm: SwarmState,
    role: SwarmState | None,
    found: Found | None,
) -> SearchState:
    swarms = [*state.weights[: place.family], swarm, *state.weights[place.family + 1 :]]
    if config.method != "model-swarms":  # what a model is worth depends on its company
        swarms = [forget(own, remember=own.told is not None) for own in swarms]
    seats = len(state.jfk) + len(swarm) - len(state.weights[place.family])
    return replace(
        state,
        role=role,
        weights=tuple(swarms),
        jfk=np.full(seats, np.nan),
        found=found,
        finalists=(),
        stale=0,
        unmeasured=True,
    )


def _row(row: FloatVector) -> Row:
    return tuple(map(float, row))
