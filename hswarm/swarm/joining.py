"""A weight swarm that an expert joins: a column more, and a particle that is all of it.

A particle has an influence on the others when it becomes the global best, and that is when the new
one enters (Model Swarms, appendix B): until then it walks with the swarm and nobody feels it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.swarm.measuring import forget
from hswarm.swarm.random import generator
from hswarm.swarm.state import FloatMatrix, FloatVector, SwarmState


def join(state: SwarmState, place: int, seed: int, purpose: str) -> SwarmState:
    """Return a swarm of (N + 1)×(n + 1): the new particle is number `place`, as its column is.

    Nobody else has anything of it. It sets off towards another particle, drawn at random (Model
    Swarms, step 0); its utility is not known yet.
    """
    particles, experts = state.position.shape
    own = np.eye(experts + 1)[place]
    positions = _widen(state.position, place)
    other = int(generator(seed, f"{purpose} joined", place).integers(particles))
    waiting = state.waiting if state.waiting is not None else np.zeros(particles, dtype=np.bool_)
    joined = replace(
        state,
        position=np.insert(positions, place, own, axis=0),
        velocity=np.insert(_widen(state.velocity, place), place, positions[other] - own, axis=0),
        personal_best=np.insert(_widen(state.personal_best, place), place, own, axis=0),
        personal_best_utility=np.insert(state.personal_best_utility, place, -np.inf),
        global_best=_widen_row(state.global_best, place),
        global_worst=_widen_row(state.global_worst, place),
        stale=np.insert(state.stale, place, 0),
        waiting=np.insert(waiting, place, True),
        origin=None,
        told=None,
    )
    return joined if state.told is None else forget(joined, remember=True)


def _widen(rows: FloatMatrix, place: int) -> FloatMatrix:
    return np.insert(rows, place, 0.0, axis=1)


def _widen_row(row: FloatVector | None, place: int) -> FloatVector | None:
    return None if row is None else np.insert(row, place, 0.0)
