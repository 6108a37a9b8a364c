"""The course of a swarm, rebuilt from what was recorded of it: where it was and how that did.

Every number that a swarm draws is keyed, so its positions and the utilities at them decide all the
rest: velocities, bests, who was put back. Any moment of a search can be had again from its journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hswarm.config import PsoConfig
from hswarm.errors import HswarmError
from hswarm.swarm import optimizer, pso
from hswarm.swarm.space import Space
from hswarm.swarm.state import BoolVector, FloatMatrix, FloatVector, SwarmState

_ROUNDING: Final = 1e-9
"""How far a rebuilt coordinate may be from the recorded one: another machine may round
differently."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a swarm moves by: its settings, and what its random numbers are keyed with."""

    config: PsoConfig
    seed: int
    purpose: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a step wrote down: `position`, shape (N, d), and `utilities`, shape (N,).

    A utility is NaN where a particle was not scored. Particles whose step was taken back are
    where they were before it. `rebased`: utilities are gains over something new; see `pso.rebase`.
    """

    position: FloatMatrix
    utilities: FloatVector
    rebased: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A swarm after a step, whose step was taken back, shape (N,), and whether gains were new."""

    state: SwarmState
    utilities: FloatVector
    taken_back: BoolVector
    rebased: bool


def rebuild(
    recorded: Sequence[Recorded], start: FloatMatrix, walk: Walk, space: Space
) -> list[Moment]:
    """Return the swarm after its start, shape (N, d), and after every step.

    HswarmError where a record is not of a swarm that moved by `walk`.
    """
    config, seed, purpose = walk.config, walk.seed, walk.purpose
    if not recorded:
        raise _foreign("nothing is recorded of it")
    moments: list[Moment] = []
    state = optimizer.start(start, config)
    for place, record in enumerate(recorded):
        before = state
        if place:
            state = optimizer.step(before, config, seed, purpose, space)
        if record.position.shape != state.position.shape:
            raise _foreign(f"there are {len(record.position)} particles in it, not {len(state)}")
        state = pso.rebase(state) if record.rebased else state
        state = pso.observe(state, record.utilities, np.isfinite(record.utilities))
        back = _taken_back(record, state, before) if place else np.zeros(len(state), bool)
        state = pso.take_back(state, before, back) if back.any() else state
        if not np.allclose(record.position, state.position, rtol=0.0, atol=_ROUNDING):
            raise _foreign(f"its positions of step {place} are others")
        if not place:
            state = pso.set_off(state, config, seed, purpose)
        moments.append(Moment(state, record.utilities, back, record.rebased))
    return moments


def _taken_back(record: Recorded, moved: SwarmState, before: SwarmState) -> BoolVector:
    stayed = (record.position == before.position).all(axis=1)
    back: BoolVector = stayed & (moved.position != before.position).any(axis=1)
    return back


def _foreign(why: str) -> HswarmError:
    return HswarmError(
        f"The swarm's history cannot be rebuilt: {why}.",
        hint="Its journal must hold the whole search, from the start, as this run wrote it.",
    )
