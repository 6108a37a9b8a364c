"""The weight-step: coefficient rows move, and each expert is scored by what it contributes.

Heterogeneous Swarms (Feng et al., 2025), §3.2. On a graph of one node, with as many balanced
assignments as particles, every particle is drawn once, its JFK-score is its utility, and this is
Algorithm 1 of Model Swarms (Feng et al., 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hswarm.config import WeightConfig
from hswarm.search.credit import assign, gains, jfk_scores
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate, Found
from hswarm.search.rows import realise
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm import optimizer, pso
from hswarm.swarm.random import generator
from hswarm.swarm.space import ROWS
from hswarm.swarm.state import FloatMatrix, FloatVector

BoolVector = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trial:
    """Systems to evaluate, and what their utilities say about each of the experts in them."""

    candidates: list[Candidate]
    score: Callable[[FloatVector], FloatVector]
    """From utilities, shape (candidates,), to scores, shape (particles,); NaN: nothing is known."""


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
    if config.credit == "places" and state.found is not None:
        trial = _try_places(state.found, rows, runs)
    else:
        rng = generator(seed, "assignment", iteration)
        trial = _try_assignments(state, rows, runs, config, rng)
    kind: StepKind = "weight" if move else "start"
    evaluations = await setting.evaluate(iteration, kind, trial.candidates)
    state = state.see(trial.candidates, evaluations, iteration, setting.config.finalists)
    scores = trial.score(np.array([evaluation.utility for evaluation in evaluations]))
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
    setting.end_step(iteration, kind, evaluations, state.best, pso.spread(swarm))
    kept = np.where(np.isfinite(scores), scores, state.jfk)
    return replace(state, weight=swarm, jfk=kept)


def _try_places(found: Found, rows: FloatMatrix, runs: BoolVector) -> Trial:
    """Put each expert's new weights where it sits in the best-found system, one at a time.

    An expert that sits nowhere in it is not scored.
    """
    agents = [agent for agent in sorted(set(found.candidate.agents)) if runs[agent]]
    candidates = [found.candidate.replace_model(agent, rows[agent]) for agent in agents]
    return Trial(
        candidates,
        lambda utilities: gains(agents, utilities, found.utility, len(rows)),
    )


def _try_assignments(
    state: SearchState,
    rows: FloatMatrix,
    runs: BoolVector,
    config: WeightConfig,
    rng: np.random.Generator,
) -> Trial:
    """Deal the experts over the nodes of the last role-step's best graph (Algorithm 3)."""
    assignments = assign(
        len(rows), len(state.graph), config.assignments, kind=config.assignment, rng=rng
    )
    # With one node this skips a dropped particle's evaluation; with more, the others need it.
    assignments = assignments[runs[assignments].any(axis=1)]
    return Trial(
        [Candidate.place(state.graph, row, rows) for row in assignments],
        lambda utilities: jfk_scores(assignments, utilities, len(rows)),
    )
