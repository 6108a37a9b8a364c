"""CMA-ES (Hansen & Ostermeier, 2001) with a diagonal covariance (Ros & Hansen, 2008), by cmaes.

A search has some hundred evaluations for up to some hundred coordinates: too few to learn how
coordinates go together, enough to learn a scale for each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.extra import load_extra
from hswarm.swarm.random import generator
from hswarm.swarm.space import Space
from hswarm.swarm.state import FloatMatrix, FloatVector, SwarmState

FEWEST: Final = 2
"""Particles that it takes."""


def load() -> Any:
    """Return the library; HswarmError if it is not installed."""
    return load_extra("cmaes", "cma-es")


def ask(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> FloatMatrix:
    """Return a position per particle, shape (N, d), drawn around where the best ones were.

    The first mean is the best of the start, the first σ is `config.step_length`. A particle that
    was not scored counts as the worst of its iteration; an iteration without any teaches nothing.
    """
    assert state.origin is not None, "a swarm that remembers"
    assert state.told is not None, "a swarm that remembers"
    particles, dimensions = state.origin.shape
    # The library wants two dimensions at least: nobody looks at the second of one.
    mean = np.resize(_first_mean(state.origin, state.told[0]), max(dimensions, 2))
    strategy = load().SepCMA(
        mean,
        config.step_length,
        population_size=particles,
        seed=int(generator(seed, f"{purpose} cma-es").integers(2**32)),
    )
    asked = [strategy.ask() for _ in range(particles)]
    for utilities in state.told[1:]:
        known = np.isfinite(utilities)
        if known.any():
            losses = -np.where(known, utilities, utilities[known].min())
            strategy.tell(list(zip(asked, losses.tolist(), strict=True)))
        asked = [strategy.ask() for _ in range(particles)]
    return np.stack(asked)[:, :dimensions]


def _first_mean(origin: FloatMatrix, utilities: FloatVector) -> FloatVector:
    if not np.isfinite(utilities).any():
        mean: FloatVector = origin.mean(axis=0)
        return mean
    best: FloatVector = origin[int(np.nanargmax(utilities))]
    return best
