"""The weight-step: coefficient rows move, and each expert is scored by what it contributes.

Heterogeneous Swarms (Feng et al., 2025), §3.2. On a graph of one node, with as many balanced
assignments as particles, every particle is drawn once, its JFK-score is its utility, and this is
Algorithm 1 of Model Swarms (Feng et al., 2024).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.search.credit import assign, jfk_scores
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate, better
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm import pso
from hswarm.swarm.random import generator


async def weight_step(state: SearchState, setting: Setting, *, move: bool = True) -> SearchState:
    """Move the rows (unless this is the start), deal assignments on the state's graph, score.

    The best assignment competes for the best-found system.
    """
    config, seed = setting.config.weight, setting.config.seed
    iteration = state.iteration + 1 if move else 0
    swarm = pso.step(state.weight, config, seed, "weight") if move else state.weight
    particles = len(swarm.position)
    runs = (
        pso.evaluated(particles, config, seed, "weight", iteration)
        if move
        else np.ones(particles, bool)
    )
    assignments = assign(
        particles,
        len(state.graph),
        config.assignments,
        kind=config.assignment,
        rng=generator(seed, "assignment", iteration),
    )
    # With one node this skips a dropped particle's evaluation; with more, the others need it.
    assignments = assignments[runs[assignments].any(axis=1)]
    candidates = [Candidate.place(state.graph, row, swarm.position) for row in assignments]
    kind: StepKind = "weight" if move else "start"
    evaluations = await setting.evaluate(iteration, kind, candidates)
    found = state.found
    for candidate, evaluation in zip(candidates, evaluations, strict=True):
        found = better(found, candidate, evaluation.utility, iteration)
    utilities = np.array([evaluation.utility for evaluation in evaluations])
    scores = (
        jfk_scores(assignments, utilities, particles)
        if len(assignments)
        else np.full(particles, np.nan)
    )
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
    best = found.utility if found is not None else -np.inf
    setting.end_step(iteration, kind, evaluations, best, pso.spread(swarm))
    kept = np.where(np.isfinite(scores), scores, state.jfk)
    return replace(state, weight=swarm, found=found, jfk=kept)
