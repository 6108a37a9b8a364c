"""Differential evolution (Storn & Price, 1997), the variant best/1/bin with dither."""

from __future__ import annotations

from typing import Final

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.random import generator
from hswarm.swarm.space import Space
from hswarm.swarm.state import FloatMatrix, SwarmState

CROSSOVER: Final = 0.7
"""CR: the share of coordinates that a trial position takes from the mutant."""
WEIGHT: Final = (0.5, 1.0)
"""F, the weight of the difference, is drawn from this range for each trial (as SciPy does)."""


def ask(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> FloatMatrix:
    """Return a trial position per particle, shape (N, d).

    The population are the personal bests: `observe` keeps a trial where it is strictly better, and
    that is the selection. The mutant is the global best moved by the difference of two others.
    """
    population = state.personal_best
    best = population[0] if state.global_best is None else state.global_best
    trials = np.empty_like(population)
    for i, own in enumerate(population):
        rng = generator(seed, f"{purpose} evolution", state.iteration + 1, i)
        others = [k for k in range(len(population)) if k != i or len(population) < 3]
        one, other = rng.choice(others, size=2, replace=len(others) < 2)
        mutant = best + rng.uniform(*WEIGHT) * (population[one] - population[other])
        crossed = rng.random(len(own)) < CROSSOVER
        crossed[rng.integers(len(own))] = True
        trials[i] = np.where(crossed, mutant, own)
    return trials
