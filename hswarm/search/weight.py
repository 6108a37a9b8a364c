"""The weight-step: coefficient rows move, and each expert is scored by what it contributes.

Heterogeneous Swarms (Feng et al., 2025), §3.2. On a graph of one node, with as many balanced
assignments as particles, every particle is drawn once, its JFK-score is its utility, and this is
Algorithm 1 of Model Swarms (Feng et al., 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hswarm.config import WeightConfig
from hswarm.search.events import StepKind
from hswarm.search.roster import Roster, Row
from hswarm.search.rows import realise
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.stopping import ROUNDING, Bar
from hswarm.search.trial import BoolVector, Trial, try_assignments, try_both, try_places
from hswarm.swarm import optimizer, pso
from hswarm.swarm.random import generator
from hswarm.swarm.space import ROWS
from hswarm.swarm.state import SwarmState


def purpose(family: int) -> str:
    """Return what names a family's random numbers: each family walks by its own."""
    return f"weight {family + 1}" if family else "weight"


async def weight_step(state: SearchState, setting: Setting) -> SearchState:
    """Move each family's rows, score everybody, update the bests.

    Agents that are frozen sit in the systems with the others, and no swarm hears of their score.
    Every system that is evaluated for the scores competes for the best-found one.
    """
    config, seed, roster = setting.config.weight, setting.config.seed, setting.roster
    iteration = state.iteration + 1
    swarms = [
        optimizer.step(swarm, config, seed, purpose(family), ROWS)
        for family, swarm in enumerate(state.weights)
    ]
    runs = np.zeros(len(roster.seats), dtype=np.bool_)
    for family, swarm in enumerate(swarms):
        runs[roster.numbers(family)] = pso.evaluated(
            len(swarm), config, seed, purpose(family), iteration
        )
    return await _score(state, swarms, runs, setting, moved=True)


async def score_rows(state: SearchState, runs: BoolVector, setting: Setting) -> SearchState:
    """Score everybody whose number `runs`, where the rows are now; update the bests."""
    return await _score(state, state.weights, runs, setting, moved=False)


async def _score(
    state: SearchState,
    swarms: Sequence[SwarmState],
    runs: BoolVector,
    setting: Setting,
    *,
    moved: bool,
) -> SearchState:
    kind: StepKind = "weight" if moved else "start"
    iteration = state.iteration + moved
    config, roster = setting.config.weight, setting.roster
    rows = realise([swarm.position for swarm in swarms], setting)
    trial = _plan(state, rows, runs, iteration, setting)
    rebased = _counts_anew(state, config, moved)
    if rebased:
        swarms = [pso.rebase(swarm) for swarm in swarms]
    bars = _bars(trial, swarms, state.best, roster)
    evaluations = await setting.evaluate(iteration, kind, trial.candidates, bars)
    utilities = np.array([evaluation.utility for evaluation in evaluations])
    scores = trial.score(utilities)
    scores[~runs] = np.nan
    kept = trial.improving(utilities, state.best, len(rows))
    scored = []
    for family, swarm in enumerate(swarms):
        numbers = roster.numbers(family)
        own = scores[numbers]
        seen = pso.observe(swarm, own, np.isfinite(own), over=trial.less)
        if moved and config.acceptance == "better":
            seen = pso.take_back(seen, state.weights[family], ~kept[numbers])
        scored.append(seen)
        setting.record(
            {
                "event": "positions",
                "iteration": iteration,
                "family": roster.families[family].label,
                "rows": seen.position.tolist(),
                "jfk": [float(score) if np.isfinite(score) else None for score in own],
                "rebased": rebased,
            }
        )
    state = replace(state, gained_over=state.found.utility if state.found is not None else None)
    state = state.see(trial.candidates, evaluations, iteration, setting)
    spread = float(np.mean([pso.spread(swarm) for swarm in scored])) if scored else np.nan
    setting.end_step(iteration, kind, evaluations, state.best, spread)
    jfk = np.where(np.isfinite(scores), scores, state.jfk)
    return replace(state, weights=tuple(scored), jfk=jfk)


def _counts_anew(state: SearchState, config: WeightConfig, moved: bool) -> bool:
    """Return whether scores are gains, and over another system than they were before.

    At the start everybody stands still: that gains nothing, and says of nobody that it is best.
    """
    if config.credit != "places" or state.found is None:
        return False
    return not moved or state.found.utility != state.gained_over


def _bars(
    trial: Trial, swarms: Sequence[SwarmState], best: float, roster: Roster
) -> list[Bar] | None:
    """Return what each candidate's utility is compared with; None if all have to be known.

    They have to where a score is made of several systems, and by an optimiser that learns from all.
    """
    if not trial.apart or any(swarm.told is not None for swarm in swarms):
        return None
    margin = ROUNDING if trial.less else 0.0
    bars = []
    for (agent,) in trial.tried:
        seat = roster.seats[agent]
        bar = Bar(best)
        if seat.family is not None:
            swarm = swarms[seat.family]
            own = float(swarm.personal_best_utility[seat.place]) + trial.less - margin
            waits = swarm.waiting is not None and swarm.waiting[seat.place]
            bar &= Bar(own, -np.inf if waits else swarm.global_worst_utility + trial.less + margin)
        bars.append(bar)
    return bars


def _plan(
    state: SearchState,
    rows: Sequence[Row],
    runs: BoolVector,
    iteration: int,
    setting: Setting,
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
