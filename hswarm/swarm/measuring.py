"""Swarms of which a part has changed: what is known of them, and how it is measured again.

What a particle did best with weights that it no longer has is nothing that it did. Its utility is
forgotten (−inf), its place kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.swarm.state import BoolVector, SwarmState


def forget(state: SwarmState, *, remember: bool) -> SwarmState:
    """Return a swarm of which places are kept and no utility is known.

    With `remember` it begins to keep what it is told (see `SwarmState.told`) where it is measured
    next: at its personal bests.
    """
    return replace(
        state,
        personal_best_utility=np.full(len(state), -np.inf),
        global_best=None,
        global_best_utility=-np.inf,
        global_worst=None,
        global_worst_utility=np.inf,
        origin=state.personal_best if remember else None,
        told=np.empty((0, len(state))) if remember else None,
    )


def find_best(state: SwarmState) -> SwarmState:
    """Return a swarm with the best of its personal bests for its global best, if any is known."""
    best = int(state.personal_best_utility.argmax())
    utility = float(state.personal_best_utility[best])
    place = None if np.isneginf(utility) else state.personal_best[best]
    return replace(state, global_best=place, global_best_utility=utility)


def unmeasured(state: SwarmState) -> BoolVector:
    """Return whose personal best has no known utility, shape (N,)."""
    return np.isneginf(state.personal_best_utility)


def at_bests(state: SwarmState) -> SwarmState:
    """Return a swarm with everybody at its personal best, there to be measured."""
    return replace(state, position=state.personal_best)


def back(measured: SwarmState, state: SwarmState) -> SwarmState:
    """Return a swarm where `state` is, knowing what was `measured` at its bests."""
    return replace(measured, position=state.position, velocity=state.velocity, stale=state.stale)
