"""Particles of the role swarm when an agent leaves or joins, and with it the node that it began in.

A particle is a matrix nodes×nodes, by row, and under one encoding a seat per node after it (see
`encoding`). Of the swarms returned nothing is known any more: every graph is another.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.config import RoleConfig
from hswarm.swarm.measuring import forget
from hswarm.swarm.random import generator
from hswarm.swarm.state import FloatMatrix, SwarmState


def without_node(swarm: SwarmState, nodes: int, node: int) -> SwarmState:
    """Return a swarm for `nodes` nodes and agents without number `node` of either."""

    def drop(rows: FloatMatrix, *, places: bool) -> FloatMatrix:
        matrices, seats = _split(rows, nodes)
        if places and seats.size:
            agents, within = np.divmod(_agents(seats, nodes), 1.0)
            agents = np.minimum(np.where(agents > node, agents - 1.0, agents), nodes - 2)
            seats = (agents + within) / (nodes - 1)
        matrices = np.delete(np.delete(matrices, node, axis=1), node, axis=2)
        return _join(matrices, np.delete(seats, node, axis=1) if seats.size else seats)

    return _moved(
        swarm,
        position=drop(swarm.position, places=True),
        velocity=drop(swarm.velocity, places=False),
        personal_best=drop(swarm.personal_best, places=True),
    )


def with_node(
    swarm: SwarmState, nodes: int, node: int, config: RoleConfig, seed: int
) -> SwarmState:
    """Return a swarm for `nodes` nodes and agents with another of each, number `node`.

    The agent sits in its node, whose edges are drawn from U(0, 1) as at the start, and at rest.
    """

    def add(rows: FloatMatrix, *, places: bool) -> FloatMatrix:
        matrices, seats = _split(rows, nodes)
        matrices = np.insert(np.insert(matrices, node, 0.0, axis=1), node, 0.0, axis=2)
        for particle, matrix in enumerate(matrices if places else ()):
            rng = generator(seed, "matrix joined", particle, node)
            matrix[node], matrix[:, node] = rng.random(nodes + 1), rng.random(nodes + 1)
            matrix[node, node] = rng.random() if config.encoding == "order" else 0.0
        if seats.size:
            if places:
                agents = _agents(seats, nodes)
                seats = np.where(agents >= node, agents + 1.0, agents) / (nodes + 1)
            own = (node + 0.5) / (nodes + 1) if places else 0.0
            seats = np.insert(seats, node, own, axis=1)
        return _join(matrices, seats)

    return _moved(
        swarm,
        position=add(swarm.position, places=True),
        velocity=add(swarm.velocity, places=False),
        personal_best=add(swarm.personal_best, places=True),
    )


def _moved(
    swarm: SwarmState, *, position: FloatMatrix, velocity: FloatMatrix, personal_best: FloatMatrix
) -> SwarmState:
    moved = replace(
        swarm,
        position=position,
        velocity=velocity,
        personal_best=personal_best,
        global_best=None,
        global_worst=None,
        origin=None,
        told=None,
    )
    return forget(moved, remember=swarm.told is not None)


def _agents(seats: FloatMatrix, count: int) -> FloatMatrix:
    """Return which of `count` agents each seat means, and how far into its part, as k + share."""
    agents: FloatMatrix = np.clip(seats, 0.0, np.nextafter(1.0, 0.0)) * count
    return agents


def _split(rows: FloatMatrix, nodes: int) -> tuple[FloatMatrix, FloatMatrix]:
    matrices = rows[:, : nodes**2].reshape(-1, nodes, nodes)
    return matrices, rows[:, nodes**2 :]


def _join(matrices: FloatMatrix, seats: FloatMatrix) -> FloatMatrix:
    joined: FloatMatrix = np.concatenate([matrices.reshape(len(matrices), -1), seats], axis=1)
    return joined
