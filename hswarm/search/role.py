"""The role-step: adjacency matrices move, are decoded into graphs, and are evaluated.

Heterogeneous Swarms (Feng et al., 2025), §3.1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hswarm.config import RoleConfig
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.encode import encode
from hswarm.graph.shapes import SHAPES
from hswarm.graph.sparsity import density
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate, better
from hswarm.search.roster import Row
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm import pso
from hswarm.swarm.random import generator

FloatMatrix = NDArray[np.float64]


def initial_matrices(nodes: int, config: RoleConfig, seed: int) -> FloatMatrix:
    """Return the first matrices, flattened, shape (N, nodes²): shaped ones, then U(0, 1).

    A shaped one is a chain or a star over a random order of the nodes. Diagonals are 0.
    """
    rows = []
    for particle in range(config.particles):
        rng = generator(seed, "matrix", particle)
        if particle < len(config.shapes) and nodes > 1:
            shape = SHAPES[config.shapes[particle]]
            matrix = encode(shape(rng.permutation(nodes).tolist()))
        else:
            matrix = rng.random((nodes, nodes))
        np.fill_diagonal(matrix, 0.0)
        rows.append(matrix.ravel())
    return np.stack(rows)


def decode_all(positions: FloatMatrix, config: RoleConfig, seed: int, iteration: int) -> list[Dag]:
    """Decode every particle's matrix; each has a generator of its own."""
    nodes = round(positions.shape[1] ** 0.5)
    return [
        decode(
            row.reshape(nodes, nodes),
            top_p=config.top_p,
            edges=config.edges,
            threshold=config.threshold,
            rng=generator(seed, "decode", iteration, particle),
        )
        for particle, row in enumerate(positions)
    ]


async def role_step(state: SearchState, setting: Setting, *, move: bool = True) -> SearchState:
    """Move the matrices (unless this is the start), evaluate their graphs, update the bests.

    The graph that is recorded with a utility is the one that was evaluated. The best of this
    step's graphs is the one that the weight-step goes on with.
    """
    assert state.role is not None, "a search without roles has no role-step"
    config, seed = setting.config.role, setting.config.seed
    iteration = state.iteration + 1 if move else 0
    swarm = pso.step(state.role, config, seed, "role") if move else state.role
    dags = decode_all(swarm.position, config, seed, iteration)
    runs = (
        pso.evaluated(len(dags), config, seed, "role", iteration)
        if move
        else np.ones(len(dags), bool)
    )
    rows = _rows(state, setting)
    candidates = {
        particle: Candidate.place(dag, range(len(dag)), rows)
        for particle, dag in enumerate(dags)
        if runs[particle]
    }
    kind: StepKind = "role" if move else "start"
    evaluations = await setting.evaluate(iteration, kind, list(candidates.values()))
    utilities = np.full(len(dags), np.nan)
    found, best_here, graph = state.found, -np.inf, state.graph
    for (particle, candidate), evaluation in zip(candidates.items(), evaluations, strict=True):
        penalty = config.density_penalty * density(swarm.position[particle])
        utilities[particle] = evaluation.utility - penalty
        found = better(found, candidate, evaluation.utility, iteration)
        if utilities[particle] > best_here:
            best_here, graph = utilities[particle], candidate.dag
    swarm = pso.observe(swarm, utilities, runs)
    setting.record(
        {
            "event": "graphs",
            "iteration": iteration,
            "utilities": [float(u) if np.isfinite(u) else None for u in utilities],
        }
    )
    best = found.utility if found is not None else -np.inf
    setting.end_step(iteration, kind, evaluations, best, pso.spread(swarm))
    return replace(state, role=swarm, found=found, graph=graph)


def _rows(state: SearchState, setting: Setting) -> list[Row]:
    """Return the rows that the graphs are evaluated with, by agent."""
    if setting.config.role.models == "current" or state.found is None:
        return setting.roster.rows([swarm.position for swarm in state.weights])
    rows = setting.roster.rows([swarm.personal_best for swarm in state.weights])
    candidate = state.found.candidate
    for agent, row in zip(candidate.agents, candidate.rows, strict=True):
        rows[agent] = row
    return rows
