"""A recorded search replayed without one expert's pulls (Model Swarms, appendix B).

On step t a particle moves to

    x_t = λw_v v + λw_p p + [1 − λ(w_p + w_g − w_w)] x + λw_g g − λw_w g_w,     w = rφ / Σ rφ

and of these v, p and x are its own. Where g or g_w came from the removed particle, its term is
taken out and what is left is multiplied by 𝒞, the sum of all weights over that of those that are
left; as printed, the weight of g_w counts as +λw_w in 𝒞. The velocity loses the same terms.

The paper's formula begins at t = 1. So that nothing of the expert is left, the start loses it, too:
a velocity towards the removed particle is none, and a row that was interpolated with the expert is
what it was interpolated with. Who did best when is as recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm import pso
from hswarm.swarm.history import Moment, Walk
from hswarm.swarm.leaving import drop_column, reduce_to
from hswarm.swarm.state import FloatMatrix, FloatVector, SwarmState
from hswarm.swarm.walk import draw_weights


@dataclass(frozen=True, slots=True)
class _Owners:
    """Whose positions the global best and the global worst are; None while there is none."""

    best: int | None = None
    worst: int | None = None

    def observe(self, before: SwarmState, after: SwarmState, utilities: FloatVector) -> _Owners:
        known = np.isfinite(utilities)
        best, worst = self.best, self.worst
        if after.global_best_utility > before.global_best_utility:
            best = int(np.where(known, utilities, -np.inf).argmax())
        if after.global_worst_utility < before.global_worst_utility:
            worst = int(np.where(known, utilities, np.inf).argmin())
        return _Owners(best, worst)


def without_pulls(
    history: Sequence[Moment],
    particle: int,
    column: int,
    home: FloatMatrix,
    walk: Walk,
) -> SwarmState:
    """Return the swarm of N×n that a history leads to without `particle` and its `column`.

    Shape (N − 1, n − 1), as that of `home`, where those of the others start that were nothing but
    the expert. Utilities of personal bests that are not where they were are forgotten.
    """
    config, recorded = walk.config, history[-1].state
    clean, owners = _begin(history[0], particle, column, home, walk)
    for moment in history[1:]:
        weights = draw_weights(len(clean), config, walk.seed, walk.purpose, clean.iteration + 1)
        rested = pso.restart(clean, config.restart_patience)
        moved = _move(rested, weights, owners, particle, config)
        moved = pso.rebase(moved) if moment.rebased else moved
        seen = pso.observe(moved, moment.utilities, np.isfinite(moment.utilities))
        owners = owners.observe(moved, seen, moment.utilities)
        clean = pso.take_back(seen, clean, moment.taken_back) if moment.taken_back.any() else seen
    others = np.arange(len(clean)) != particle
    x, v, p = (
        np.delete(rows[others], column, axis=1)
        for rows in (clean.position, clean.velocity, clean.personal_best)
    )
    return reduce_to(recorded, particle, column, position=x, velocity=v, personal_best=p)


def _begin(
    moment: Moment,
    particle: int,
    column: int,
    home: FloatMatrix,
    walk: Walk,
) -> tuple[SwarmState, _Owners]:
    """Return the observed start without the expert, set off, and whose the bests are."""
    rows = moment.state.position.copy()
    others = np.arange(len(rows)) != particle
    rows[others] = np.insert(drop_column(rows[others], column, home), column, 0.0, axis=1)
    start = pso.rebase(pso.start(rows)) if moment.rebased else pso.start(rows)
    state = pso.observe(start, moment.utilities, np.isfinite(moment.utilities))
    owners = _Owners().observe(start, state, moment.utilities)
    state = pso.set_off(state, walk.config, walk.seed, walk.purpose)
    towards = np.full(len(rows), -1)
    if walk.config.initial_velocity == "random" and len(rows) > 1:
        towards = pso.draw_others(len(rows), walk.seed, walk.purpose)
    elif walk.config.initial_velocity == "best" and owners.best is not None:
        towards = np.full(len(rows), owners.best)
    velocity = np.where((towards == particle)[:, None], 0.0, state.velocity)
    return replace(state, velocity=velocity), owners


def _move(
    state: SwarmState,
    weights: FloatMatrix,
    owners: _Owners,
    particle: int,
    config: PsoConfig,
) -> SwarmState:
    """Take a step without the terms that came from `particle`; see the module."""
    gone = np.zeros(state.position.shape[1])
    no_best, no_worst = owners.best == particle, owners.worst == particle
    if not (no_best or no_worst):
        return pso.move(state, weights, config)
    without = replace(
        state,
        global_best=gone if no_best else state.global_best,
        global_worst=gone if no_worst else state.global_worst,
    )
    moved = pso.move(without, weights, config)
    inertia, cognitive, social, repel = state.step_length * weights.T
    own = inertia + cognitive + 1.0 - (cognitive + social - repel)
    whole = own + social + repel
    left = own + (0.0 if no_best else social) + (0.0 if no_worst else repel)
    return replace(
        moved,
        position=(whole / left)[:, None] * moved.position,
        global_best=state.global_best,
        global_worst=state.global_worst,
    )
