"""CMA-ES (Hansen & Ostermeier, 2001), by pycma, with a diagonal covariance (Ros & Hansen, 2008).

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
    """Return pycma; HswarmError if it is not installed."""
    return load_extra("cma", "cma-es")


def ask(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> FloatMatrix:
    """Return a position per particle, shape (N, d), drawn around where the best ones were.

    The first mean is the best of the start, the first σ is `config.step_length`. A particle that
    was not scored counts as the worst of its iteration; an iteration without any teaches nothing.
    """
    assert state.origin is not None, "a swarm that remembers"
    assert state.told is not None, "a swarm that remembers"
    rng = generator(seed, f"{purpose} cma-es")
    strategy = load().CMAEvolutionStrategy(
        _first_mean(state.origin, state.told[0]),
        config.step_length,
        {
            "popsize": len(state),
            "CMA_diagonal": True,
            # All randomness is keyed: pycma must leave NumPy's global generator alone.
            "randn": lambda *shape: rng.standard_normal(shape),
            "seed": np.nan,
            "verbose": -9,
        },
    )
    asked = strategy.ask()
    for utilities in state.told[1:]:
        known = np.isfinite(utilities)
        if known.any():
            losses = -np.where(known, utilities, utilities[known].min())
            strategy.tell(asked, losses.tolist())
        asked = strategy.ask()
    return np.array(asked, dtype=np.float64)


def _first_mean(origin: FloatMatrix, utilities: FloatVector) -> FloatVector:
    if not np.isfinite(utilities).any():
        mean: FloatVector = origin.mean(axis=0)
        return mean
    best: FloatVector = origin[int(np.nanargmax(utilities))]
    return best
