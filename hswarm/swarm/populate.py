"""Where the particles of a weight swarm start: on the experts and between them."""

from __future__ import annotations

import numpy as np

from hswarm.errors import HswarmError
from hswarm.swarm.random import generator
from hswarm.swarm.state import FloatMatrix


def populate(experts: int, particles: int, *, seed: int, crossover: bool = True) -> FloatMatrix:
    """Return the coefficient rows of `particles` over `experts`, shape (particles, experts).

    The first ones are the experts themselves (the identity). The others are interpolations
    t·e_a + (1 − t)·e_b of two different experts, t ~ U(0, 1) (Model Swarms, step 0); without
    crossover, or with one expert, they are the experts again in turn. Every row sums to 1.
    """
    if particles < experts:
        raise HswarmError(
            f"A weight swarm of {particles} particles has no room for {experts} experts.",
            hint=f"Set search.weight.particles to {experts} or more, or leave it out.",
        )
    rows: FloatMatrix = np.eye(experts)[np.arange(particles) % experts]
    if crossover and experts > 1:
        for particle in range(experts, particles):
            rng = generator(seed, "crossover", particle)
            a, b = rng.choice(experts, size=2, replace=False)
            t = rng.random()
            rows[particle] = 0.0
            rows[particle, [a, b]] = t, 1.0 - t
    return rows
