"""The weight-step: coefficient rows move, and each expert is scored by what it contributes.

Heterogeneous Swarms (Feng et al., 2025), §3.2. On a graph of one node, with as many balanced
assignments as particles, every particle is drawn once, its JFK-score is its utility, and this is
Algorithm 1 of Model Swarms (Feng et al., 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hswarm.config import WeightConfig
from hswarm.search.credit import assign, gains, jfk_scores
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate, Found, better
from hswarm.search.roster import Row
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm import pso
from hswarm.swarm.random import generator
from hswarm.swarm.state import FloatVector

BoolVector = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trial:
    """Systems to evaluate, and what their utilities say about everybody in them."""

    candidates: list[Candidate]
    score: Callable[[FloatVector], FloatVector]
    """From utilities, shape (candidates,), to scores by number; NaN: nothing is known."""


def purpose(family: int) -> str:
    """Return what names a family's random numbers: each family walks by its own."""
    return f"weight {family + 1}" if family else "weight"


async def weight_step(state: SearchState, setting: Setting, *, move: bool = True) -> SearchState:
    """Move each family's rows (unless this is the start), score everybody, update the bests.

    Agents that are frozen sit in the systems with the others, and no swarm hears of their score.
    Every system that is evaluated for the scores competes for the best-found one.
    """
    config, seed, roster = setting.config.weight, setting.config.seed, setting.roster
    iteration = state.iteration + 1 if move else 0
    swarms = list(state.weights)
    if move:
        swarms = [pso.step(s, config, seed, purpose(f)) for f, s in enumerate(swarms)]
    runs = np.full(len(roster.seats), not move)
    for family, swarm in enumerate(swarms if move else ()):
        runs[roster.numbers(family)] = pso.evaluated(
            len(swarm), config, seed, purpose(family), iteration
        )
    rows = roster.rows([swarm.position for swarm in swarms])
    if config.credit == "places" and state.found is not None:
        trial = _try_places(state.found, rows, runs)
    else:
        rng = generator(seed, "assignment", iteration)
        trial = _try_assignments(state, rows, runs, config, rng)
    kind: StepKind = "weight" if move else "start"
    evaluations = await setting.evaluate(iteration, kind, trial.candidates)
    found = state.found
    for candidate, evaluation in zip(trial.candidates, evaluations, strict=True):
        found = better(found, candidate, evaluation.utility, iteration)
    scores = trial.score(np.array([evaluation.utility for evaluation in evaluations]))
    scores[~runs] = np.nan
    for family, swarm in enumerate(swarms):
        own = scores[roster.numbers(family)]
        swarms[family] = pso.observe(swarm, own, np.isfinite(own))
        setting.record(
            {
                "event": "positions",
                "iteration": iteration,
                "family": roster.families[family].label,
                "rows": swarm.position.tolist(),
                "jfk": [float(score) if np.isfinite(score) else None for score in own],
            }
        )
    best = found.utility if found is not None else -np.inf
    spread = float(np.mean([pso.spread(swarm) for swarm in swarms])) if swarms else np.nan
    setting.end_step(iteration, kind, evaluations, best, spread)
    kept = np.where(np.isfinite(scores), scores, state.jfk)
    return replace(state, weights=tuple(swarms), found=found, jfk=kept)


def _try_places(found: Found, rows: Sequence[Row], runs: BoolVector) -> Trial:
    """Put each expert's new weights where it sits in the best-found system, one at a time.

    An expert that sits nowhere in it is not scored, nor is an agent without weights.
    """
    sitting = sorted(set(found.candidate.agents))
    agents = [agent for agent in sitting if runs[agent] and rows[agent]]
    candidates = [found.candidate.replace_model(agent, rows[agent]) for agent in agents]
    return Trial(candidates, lambda utilities: gains(agents, utilities, found.utility, len(rows)))


def _try_assignments(
    state: SearchState,
    rows: Sequence[Row],
    runs: BoolVector,
    config: WeightConfig,
    rng: np.random.Generator,
) -> Trial:
    """Deal everybody over the nodes of the last role-step's best graph (Algorithm 3)."""
    assignments = assign(
        len(rows), len(state.graph), config.assignments, kind=config.assignment, rng=rng
    )
    # With one node this skips a dropped particle's evaluation; with more, the others need it.
    assignments = assignments[runs[assignments].any(axis=1)]
    return Trial(
        [Candidate.place(state.graph, row, rows) for row in assignments],
        lambda utilities: jfk_scores(assignments, utilities, len(rows)),
    )
