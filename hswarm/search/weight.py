"""The weight-step: coefficient rows move, and each expert is scored by what it contributes.

Heterogeneous Swarms (Feng et al., 2025), §3.2. On a graph of one node, with as many balanced
assignments as particles, every particle is drawn once, its JFK-score is its utility, and this is
Algorithm 1 of Model Swarms (Feng et al., 2024).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.search.events import StepKind
from hswarm.search.rows import realise
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.trial import BoolVector, Trial, try_assignments, try_both, try_places
from hswarm.swarm import optimizer, pso
from hswarm.swarm.random import generator
from hswarm.swarm.space import ROWS
from hswarm.swarm.state import FloatMatrix


async def weight_step(state: SearchState, setting: Setting, *, move: bool = True) -> SearchState:
    """Move the rows (unless this is the start), score every expert, update the bests.

    Every system that is evaluated for the scores competes for the best-found one.
    """
    config, seed = setting.config.weight, setting.config.seed
    iteration = state.iteration + 1 if move else 0
    swarm = optimizer.step(state.weight, config, seed, "weight", ROWS) if move else state.weight
    particles = len(swarm.position)
    rows = realise(swarm.position, setting)
    runs = (
        pso.evaluated(particles, config, seed, "weight", iteration)
        if move
        else np.ones(particles, bool)
    )
    trial = _plan(state, rows, runs, iteration, setting)
    kind: StepKind = "weight" if move else "start"
    evaluations = await setting.evaluate(iteration, kind, trial.candidates)
    utilities = np.array([evaluation.utility for evaluation in evaluations])
    scores = trial.score(utilities)
    scores[~runs] = np.nan
    swarm = pso.observe(swarm, scores, np.isfinite(scores))
    setting.record(
        {
            "event": "positions",
            "iteration": iteration,
            "rows": swarm.position.tolist(),
            "jfk": [float(score) if np.isfinite(score) else None for score in scores],
        }
    )
    if move and config.acceptance == "better":
        improving = trial.improving(utilities, state.best, particles)
        swarm = pso.take_back(swarm, state.weight, ~improving)
    state = state.see(trial.candidates, evaluations, iteration, setting.config.finalists)
    setting.end_step(iteration, kind, evaluations, state.best, pso.spread(swarm))
    kept = np.where(np.isfinite(scores), scores, state.jfk)
    return replace(state, weight=swarm, jfk=kept)


def _plan(
    state: SearchState, rows: FloatMatrix, runs: BoolVector, iteration: int, setting: Setting
) -> Trial:
    """Return what the configuration tries; before anything was found there are no places."""
    config = setting.config.weight

    def deal() -> Trial:
        rng = generator(setting.config.seed, "assignment", iteration)
        return try_assignments(state.graph, rows, runs, config, rng)

    if config.credit == "assignments" or state.found is None:
        return deal()
    places = try_places(state.found, rows, runs)
    return places if config.credit == "places" else try_both(places, deal())
