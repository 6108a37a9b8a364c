"""Particle swarm optimisation as both papers have it.

Kennedy & Eberhart (1995), with the repel term, normalisation, schedule and restart of Model Swarms
(Feng et al., 2024), Algorithm 1, and Heterogeneous Swarms (Feng et al., 2025), Algorithm 1.
Utilities are maximised. A swarm's life: `start`, evaluate, `observe`, `set_off`; then again and
again `step`, evaluate, `observe`. Every function returns a new state and modifies nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.config import PsoConfig
from hswarm.errors import HswarmError
from hswarm.swarm.random import generator
from hswarm.swarm.state import BoolVector, FloatMatrix, FloatVector, IntVector, SwarmState
from hswarm.swarm.walk import draw_weights


def start(position: FloatMatrix, *, remember: bool = False) -> SwarmState:
    """Return a swarm at rest at `position`, shape (N, d), of which nothing is known yet.

    It has no step length before it is `set_off`. With `remember` it keeps all it will be told.
    """
    particles = len(position)
    return SwarmState(
        position=position,
        velocity=np.zeros_like(position),
        personal_best=position,
        personal_best_utility=np.full(particles, -np.inf),
        global_best=None,
        global_best_utility=-np.inf,
        global_worst=None,
        global_worst_utility=np.inf,
        stale=np.zeros(particles, dtype=np.int64),
        step_length=0.0,
        iteration=0,
        origin=position if remember else None,
        told=np.empty((0, particles)) if remember else None,
    )


def set_off(state: SwarmState, config: PsoConfig, seed: int, purpose: str) -> SwarmState:
    """Give the particles their initial velocities and step length, once the start is observed.

    `random`: towards another particle, drawn for each (Model Swarms, step 0); `best`: towards the
    global best; `zero`: none. A lone particle has no other to go to and stays at rest.
    """
    x = state.position
    velocity = np.zeros_like(x)
    if config.initial_velocity == "best":
        velocity = _global_best(state) - x
    elif config.initial_velocity == "random" and len(x) > 1:
        velocity = x[draw_others(len(x), seed, purpose)] - x
    return replace(state, velocity=velocity, step_length=config.step_length)


def draw_others(particles: int, seed: int, purpose: str) -> IntVector:
    """Return for each of at least two particles another one, shape (N,)."""
    draws = [generator(seed, f"{purpose} velocity", i) for i in range(particles)]
    steps = np.array([rng.integers(1, particles) for rng in draws])
    others: IntVector = (np.arange(particles) + steps) % particles
    return others


def step(state: SwarmState, config: PsoConfig, seed: int, purpose: str) -> SwarmState:
    """Do one iteration: restart who is stuck, move everybody, shorten the step length.

    Particle i's walk randomness comes from (seed, purpose, iteration, i). Raises HswarmError if the
    coefficients are so large that a position is not a finite number any more.
    """
    weights = draw_weights(len(state), config, seed, purpose, state.iteration + 1)
    return move(restart(state, config.restart_patience), weights, config)


def restart(state: SwarmState, patience: int | None) -> SwarmState:
    """Put every particle without a new personal best in `patience` iterations back there, at rest.

    Its count starts anew. None: never.
    """
    stuck = state.stale >= patience if patience is not None else np.zeros(len(state), bool)
    return replace(
        state,
        position=np.where(stuck[:, None], state.personal_best, state.position),
        velocity=np.where(stuck[:, None], 0.0, state.velocity),
        stale=np.where(stuck, 0, state.stale),
    )


def move(state: SwarmState, weights: FloatMatrix, config: PsoConfig) -> SwarmState:
    """Take the step x ← x + λ·v along the new velocities, then λ ← max(λ·φ_λ, λ_min)."""
    with np.errstate(over="ignore", invalid="ignore"):
        velocity = turn(state, weights)
        position = state.position + state.step_length * velocity
    if not np.isfinite(position).all():
        raise HswarmError(
            "The swarm has flown apart: a position is no longer a finite number.",
            hint="Lower step_length, or the coefficients inertia and repel.",
        )
    # λ_min stops the decay; it does not lift a step length that was chosen smaller.
    floor = min(config.step_min, state.step_length)
    return replace(
        state,
        position=position,
        velocity=velocity,
        step_length=max(state.step_length * config.step_decay, floor),
        iteration=state.iteration + 1,
    )


def turn(state: SwarmState, weights: FloatMatrix) -> FloatMatrix:
    """Return the new velocities, shape (N, d): inertia, pull to the bests, push from the worst.

    `weights` holds a row of four per particle (inertia, cognitive, social, repel), each row summing
    to 1. While no particle was scored there is no global best or worst, and neither acts.
    """
    x, g, g_w = state.position, _global_best(state), _global_worst(state)
    inertia, cognitive, social, repel = weights.T[:, :, None]
    velocity: FloatMatrix = (
        inertia * state.velocity
        + cognitive * (state.personal_best - x)
        + social * (g - x)
        + repel * (x - g_w)
    )
    return velocity


def observe(
    state: SwarmState, utilities: FloatVector, scored: BoolVector, *, over: float = 0.0
) -> SwarmState:
    """Update the bests (strictly better) and the worst (strictly worse) from f(x), shape (N,).

    Where `scored` is false the utility is ignored, and a NaN is never a best or worst: such a
    particle keeps its bests, and the iteration counts as one without a new personal best. One that
    is `waiting` ceases to when it becomes the global best. Utilities that are gains over something
    are remembered as what they are with it (`over`): they can be compared when it has changed.
    """
    known = scored & ~np.isnan(utilities)
    high, low = np.where(known, utilities, -np.inf), np.where(known, utilities, np.inf)
    risen = high > state.personal_best_utility
    state = replace(
        state,
        personal_best=np.where(risen[:, None], state.position, state.personal_best),
        personal_best_utility=np.where(risen, high, state.personal_best_utility),
        stale=np.where(risen, 0, state.stale + 1),
    )
    if state.told is not None:
        news = np.where(known & np.isfinite(utilities), utilities + over, np.nan)
        state = replace(state, told=np.vstack([state.told, news]))
    if state.waiting is not None:
        low = np.where(state.waiting, np.inf, low)
    best, worst = int(high.argmax()), int(low.argmin())
    if high[best] > state.global_best_utility:
        state = replace(
            state,
            global_best=state.position[best],
            global_best_utility=float(high[best]),
            waiting=_let_in(state.waiting, best),
        )
    if low[worst] < state.global_worst_utility:
        state = replace(
            state, global_worst=state.position[worst], global_worst_utility=float(low[worst])
        )
    return state


def rebase(state: SwarmState) -> SwarmState:
    """Return the swarm once gains are counted from something better than before.

    What was gained over that which is left behind is nothing any more: bests and worst keep their
    places and count 0, as standing still does. So a start at which nobody gains anything has
    neither a global best nor a global worst.
    """
    known = np.isfinite(state.personal_best_utility)
    return replace(
        state,
        personal_best_utility=np.where(known, 0.0, state.personal_best_utility),
        global_best_utility=0.0,
        global_worst_utility=0.0,
    )


def take_back(state: SwarmState, before: SwarmState, who: BoolVector) -> SwarmState:
    """Put the particles `who`, shape (N,), back to where they were `before`, at rest."""
    back = who[:, None]
    return replace(
        state,
        position=np.where(back, before.position, state.position),
        velocity=np.where(back, 0.0, state.velocity),
    )


def evaluated(
    particles: int, config: PsoConfig, seed: int, purpose: str, iteration: int
) -> BoolVector:
    """Return which particles are evaluated in an iteration, shape (N,) (Model Swarms, Drop-K/N).

    With probability d_k none is; otherwise each is left out with probability d_n.
    """
    if generator(seed, f"{purpose} drop-k", iteration).random() < config.drop_iteration:
        return np.zeros(particles, dtype=np.bool_)
    draws = [generator(seed, f"{purpose} drop-n", iteration, i).random() for i in range(particles)]
    return np.array(draws) >= config.drop_particle


def spread(state: SwarmState) -> float:
    """Return how far the particles are from their common centre, in the mean (Euclidean)."""
    offsets = state.position - state.position.mean(axis=0)
    return float(np.linalg.norm(offsets, axis=1).mean())


def _let_in(waiting: BoolVector | None, particle: int) -> BoolVector | None:
    """Return who waits without `particle`; None if nobody does."""
    if waiting is None:
        return None
    left = waiting & (np.arange(len(waiting)) != particle)
    return left if left.any() else None


def _global_best(state: SwarmState) -> FloatMatrix | FloatVector:
    return state.position if state.global_best is None else state.global_best


def _global_worst(state: SwarmState) -> FloatMatrix | FloatVector:
    return state.position if state.global_worst is None else state.global_worst
