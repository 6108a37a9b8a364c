"""Weight swarms that have been searched, on made-up utilities."""

from __future__ import annotations

import numpy as np

from hswarm.config import WeightConfig
from hswarm.swarm import pso
from hswarm.swarm.history import Recorded, Walk, rebuild
from hswarm.swarm.populate import populate
from hswarm.swarm.space import ROWS


def walk_of(seed=0, **changes) -> Walk:
    settings = {"step_length": 0.7, "restart_patience": 2, **changes}
    return Walk(WeightConfig(**settings), seed, "weight")


def search(walk, experts=4, particles=6, steps=8, rebased=frozenset()):
    """Return the start, the records and the states of a search; one score in six is missing.

    At the steps `rebased` gains are over something new.
    """
    rng = np.random.default_rng(walk.seed)
    start = populate(experts, particles, seed=walk.seed, crossover=walk.config.crossover)
    state, records, states = pso.start(start), [], []
    for step in range(steps + 1):
        if step:
            state = pso.step(state, walk.config, walk.seed, walk.purpose)
        if step in rebased:
            state = pso.rebase(state)
        utilities = rng.random(particles) - (0.5 if rebased else 0.0)
        utilities[rng.random(particles) < (1 / 6 if step else 0.0)] = np.nan
        state = pso.observe(state, utilities, np.isfinite(utilities))
        records.append(Recorded(state.position, utilities, step in rebased))
        if not step:
            state = pso.set_off(state, walk.config, walk.seed, walk.purpose)
        states.append(state)
    return start, records, states


def history_of(walk, **shape):
    start, records, _ = search(walk, **shape)
    return rebuild(records, start, walk, ROWS)
