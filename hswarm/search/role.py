"""The role-step: adjacency matrices move, are decoded into graphs, and are evaluated.

Heterogeneous Swarms (Feng et al., 2025), §3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hswarm.graph.sparsity import density
from hswarm.search.encoding import Encoding
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate
from hswarm.search.roster import Row
from hswarm.search.rows import realise
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.stopping import ROUNDING, Bar
from hswarm.swarm import optimizer, pso
from hswarm.swarm.space import MATRICES
from hswarm.swarm.state import SwarmState


async def role_step(state: SearchState, setting: Setting, *, move: bool = True) -> SearchState:
    """Move the matrices (unless this is the start), evaluate their graphs, update the bests.

    The graph that is recorded with a utility is the one that was evaluated. The best of this
    step's graphs is the one that the weight-step goes on with.
    """
    assert state.role is not None, "a search without roles has no role-step"
    config, seed = setting.config.role, setting.config.seed
    encoding = Encoding(len(setting.roster), config)
    iteration = state.iteration + 1 if move else state.iteration
    swarm = optimizer.step(state.role, config, seed, "role", MATRICES) if move else state.role
    particles = len(swarm.position)
    runs = (
        pso.evaluated(particles, config, seed, "role", iteration)
        if move
        else np.ones(particles, bool)
    )
    rows = _rows(state, setting)
    tried: list[tuple[int, Candidate]] = []
    for particle in np.flatnonzero(runs).tolist():
        position = swarm.position[particle]
        agents = encoding.agents(position, seed, particle)
        graphs = encoding.graphs(position, seed, iteration, particle)
        tried += [(particle, Candidate.place(dag, agents, rows)) for dag in graphs]
    kind: StepKind = "role" if move else "start"
    candidates = [candidate for _, candidate in tried]
    bars = _bars(swarm, [particle for particle, _ in tried], state.best, encoding, setting)
    evaluations = await setting.evaluate(iteration, kind, candidates, bars)
    state = state.see(candidates, evaluations, iteration, setting)
    utilities = np.full(particles, np.nan)
    best_here, graph, position = -np.inf, state.graph, swarm.position.copy()
    for (particle, candidate), evaluation in zip(tried, evaluations, strict=True):
        entries = encoding.likelihoods(swarm.position[particle])
        utility = evaluation.utility - config.density_penalty * density(entries)
        if np.isnan(utilities[particle]) or utility > utilities[particle]:
            utilities[particle] = utility
            if config.adopt:
                position[particle] = encoding.adopt(swarm.position[particle], candidate.dag)
        if utility > best_here:
            best_here, graph = utility, candidate.dag
    swarm = pso.observe(replace(swarm, position=position), utilities, runs)
    setting.record(
        {
            "event": "graphs",
            "iteration": iteration,
            "utilities": [float(u) if np.isfinite(u) else None for u in utilities],
        }
    )
    setting.end_step(iteration, kind, evaluations, state.best, pso.spread(swarm))
    return replace(state, role=swarm, graph=graph)


def _bars(
    swarm: SwarmState,
    particles: Sequence[int],
    best: float,
    encoding: Encoding,
    setting: Setting,
) -> list[Bar] | None:
    """Return what each particle's utility is compared with; None if all have to be known.

    They have to where a particle has the best of several graphs, where an optimiser learns from all
    of them, and where the weight-step goes on with the best of this step.
    """
    config = setting.config
    goes_on = config.method != "role-only" and config.weight.credit != "places"
    if config.role.decodes > 1 or swarm.told is not None or goes_on:
        return None
    bars = []
    for particle in particles:
        entries = encoding.likelihoods(swarm.position[particle])
        less = config.role.density_penalty * density(entries)
        margin = ROUNDING if less else 0.0
        own = float(swarm.personal_best_utility[particle]) + less - margin
        bars.append(Bar(best) & Bar(own, swarm.global_worst_utility + less + margin))
    return bars


def _rows(state: SearchState, setting: Setting) -> list[Row]:
    """Return the rows that the graphs are evaluated with, by agent."""
    if setting.config.role.models == "current" or state.found is None:
        return realise([swarm.position for swarm in state.weights], setting)
    rows = realise([swarm.personal_best for swarm in state.weights], setting)
    candidate = state.found.candidate
    for agent, row in zip(candidate.agents, candidate.rows, strict=True):
        rows[agent] = row
    return rows
