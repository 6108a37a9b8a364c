"""What moves a swarm: the papers' PSO, or another optimiser in its place.

Every optimiser is a function that says where the particles go next; the swarm's state, its bests
and how it is observed are the same for all. Those that learn from all they have seen replay it from
`SwarmState.told`, so that a search can be resumed without anything of theirs being saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from hswarm.config import Optimizer, PsoConfig
from hswarm.errors import HswarmError
from hswarm.swarm import bayesian, cma_es, evolution, pso
from hswarm.swarm.random import generator
from hswarm.swarm.space import Space
from hswarm.swarm.state import FloatMatrix, SwarmState

Ask = Callable[[SwarmState, PsoConfig, int, str, Space], FloatMatrix]
"""From (state, config, seed, purpose, space) to the next positions, shape (N, d)."""

LIBRARIES: Final[Mapping[Optimizer, tuple[Callable[[], Any], int]]] = {
    "cma-es": (cma_es.load, cma_es.FEWEST),
    "de": (evolution.load, evolution.FEWEST),
    "bo": (bayesian.load, 1),
}
"""Those that a library does: what loads it, and the fewest particles that it takes. They learn from
all they have seen, so they need `SwarmState.told`."""


def ask_anywhere(
    state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space
) -> FloatMatrix:
    """Draw every position anew, whatever is known: random search."""
    particles, dimensions = state.position.shape
    draws = [
        space.draw(dimensions, generator(seed, f"{purpose} anywhere", state.iteration + 1, i))
        for i in range(particles)
    ]
    return np.stack(draws)


ASK: Final[Mapping[Optimizer, Ask]] = {
    "cma-es": cma_es.ask,
    "de": evolution.ask,
    "bo": bayesian.ask,
    "random": ask_anywhere,
}


def start(position: FloatMatrix, config: PsoConfig) -> SwarmState:
    """Return a swarm at rest at `position`, shape (N, d), as the optimiser of `config` needs it."""
    return pso.start(position, remember=config.optimizer in LIBRARIES)


def step(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> SwarmState:
    """Do one iteration with the optimiser of `config`: everybody is somewhere else afterwards."""
    if config.optimizer == "pso":
        return pso.step(state, config, seed, purpose)
    asked = ASK[config.optimizer](state, config, seed, purpose, space)
    return replace(
        state,
        position=space.project(asked),
        velocity=np.zeros_like(state.velocity),
        iteration=state.iteration + 1,
    )


def check(config: PsoConfig, particles: int) -> None:
    """Raise HswarmError where the optimiser of `config` is not installed or has too few particles.

    To be called before any long work.
    """
    if config.optimizer not in LIBRARIES:
        return
    load, fewest = LIBRARIES[config.optimizer]
    load()
    if particles < fewest:
        raise HswarmError(
            f"{config.optimizer} compares particles with each other; {particles} is not enough.",
            hint=f"Give the swarm {fewest} particles or more, or take another optimizer.",
        )
