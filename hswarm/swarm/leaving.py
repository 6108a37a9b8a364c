"""A weight swarm without one of its experts: without its column, and the particle it began as.

Rows sum to 1 before and after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from hswarm.swarm.measuring import find_best, forget
from hswarm.swarm.state import FloatMatrix, SwarmState

SMALLEST_REST: Final = 0.05
"""A row of which less than this is left without a column is nothing but that column."""


def drop_column(rows: FloatMatrix, column: int, home: FloatMatrix) -> FloatMatrix:
    """Return the rows, shape (N, n), without a column, each scaled to sum to 1: (N, n − 1).

    A row that has next to nothing besides (see `SMALLEST_REST`) becomes its row of `home`. What
    comes out does not depend on what the column stood for.
    """
    rest = np.delete(rows, column, axis=1)
    left = rest.sum(axis=1, keepdims=True)
    kept = left >= SMALLEST_REST
    dropped: FloatMatrix = np.where(kept, rest / np.where(kept, left, 1.0), home)
    return dropped


def without_column(state: SwarmState, particle: int, column: int, home: FloatMatrix) -> SwarmState:
    """Return a swarm of N×n without `column`, and without the `particle` that began there.

    `home`, shape (N − 1, n − 1), is where those of the others start anew that were nothing but the
    column. Velocities are those of the scaled rows: the derivative of rest / Σ rest.
    """
    x, v, p = (
        np.delete(rows, particle, axis=0)
        for rows in (state.position, state.velocity, state.personal_best)
    )
    rest, drift = np.delete(x, column, axis=1), np.delete(v, column, axis=1)
    left = rest.sum(axis=1, keepdims=True)
    kept = left >= SMALLEST_REST
    safe = np.where(kept, left, 1.0)
    velocity = (drift - rest / safe * drift.sum(axis=1, keepdims=True)) / safe
    return reduce_to(
        state,
        particle,
        column,
        position=drop_column(x, column, home),
        velocity=np.where(kept, velocity, 0.0),
        personal_best=drop_column(p, column, home),
    )


def reduce_to(
    state: SwarmState,
    particle: int,
    column: int,
    *,
    position: FloatMatrix,
    velocity: FloatMatrix,
    personal_best: FloatMatrix,
) -> SwarmState:
    """Return `state` without a particle and a column, the others in new places, (N − 1, n − 1).

    Utilities stay known of personal bests, and of the global worst, that had nothing of the column.
    """
    keep = np.arange(len(state)) != particle
    before, worst = state.personal_best[keep], state.global_worst
    same = (before[:, column] == 0.0) & (np.delete(before, column, axis=1) == personal_best).all(1)
    if worst is not None:
        worst = np.delete(worst, column) if worst[column] == 0.0 else None
    waiting = state.waiting[keep] if state.waiting is not None else np.zeros(1, dtype=np.bool_)
    reduced = replace(
        state,
        position=position,
        velocity=velocity,
        personal_best=personal_best,
        personal_best_utility=np.where(same, state.personal_best_utility[keep], -np.inf),
        global_best=None,
        stale=state.stale[keep],
        global_worst=worst,
        global_worst_utility=state.global_worst_utility if worst is not None else np.inf,
        waiting=waiting if waiting.any() else None,
        origin=None,
        told=None,
    )
    return find_best(reduced) if state.told is None else forget(reduced, remember=True)
