"""The search: role-steps and weight-steps in turn, until nothing improves or the budget is spent.

Heterogeneous Swarms (Feng et al., 2025), Algorithm 4; Model Swarms (Feng et al., 2024), Algorithm
1, is the same loop on a graph of one node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from hswarm.config import PsoConfig, SearchConfig
from hswarm.engines.purse import BudgetSpent, Limit
from hswarm.graph.dag import LONE
from hswarm.search.encoding import Encoding
from hswarm.search.events import IterationEnded
from hswarm.search.move import move_step
from hswarm.search.role import role_step
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.weight import purpose, score_rows, weight_step
from hswarm.swarm import optimizer, pso
from hswarm.swarm.measuring import at_bests, back, unmeasured
from hswarm.swarm.populate import populate
from hswarm.swarm.random import generator

Reason = Literal["max-iterations", "patience"] | Limit
Checkpoint = Callable[[SearchState], None]


def settled(config: SearchConfig, roster: Roster) -> SearchConfig:
    """Return `config` with what its method implies written out.

    Model Swarms measures everybody alone: one balanced assignment each, on one node.
    """
    if config.method != "model-swarms":
        return config
    weight = config.weight.model_copy(
        update={
            "credit": "assignments",
            "assignments": len(roster.seats),
            "assignment": "balanced",
        }
    )
    return config.model_copy(update={"weight": weight})


async def begin(setting: Setting) -> SearchState:
    """Populate all swarms and evaluate them where they stand."""
    config, roster = setting.config, setting.roster
    swarms = [
        populate(
            len(experts),
            config.weight.particles or len(experts),
            seed=config.seed,
            crossover=config.weight.crossover,
        )
        for experts in roster.families
    ]
    roles = config.method != "model-swarms"
    encoding = Encoding(len(roster), config.role)
    state = SearchState(
        iteration=0,
        role=optimizer.start(encoding.start(config.seed), config.role) if roles else None,
        weights=tuple(optimizer.start(rows, config.weight) for rows in swarms),
        graph=LONE,
        jfk=np.full(len(roster.seats), np.nan),
        found=None,
        stale=0,
    )
    if state.role is not None:
        state = await role_step(state, setting, move=False)
        assert state.role is not None
        moving = pso.set_off(state.role, config.role, config.seed, "role")
        # Without role-steps the best of the initial graphs stays (the paper's "w/o Role").
        state = replace(state, role=moving if config.method != "weight-only" else None)
    if config.method != "role-only":
        everybody = np.ones(len(roster.seats), dtype=np.bool_)
        state = await score_rows(state, everybody, setting)
        state = replace(
            state,
            weights=tuple(
                pso.set_off(swarm, config.weight, config.seed, purpose(family))
                for family, swarm in enumerate(state.weights)
            ),
        )
    return state


async def measure_again(state: SearchState, setting: Setting) -> SearchState:
    """Measure what is not known any more since somebody left or joined; nobody moves.

    Everybody is scored at its personal best, and the best-found system as it is now; the best of
    all is the best found.
    """
    found, role, weights = state.found, state.role, state.weights
    state = replace(state, found=None, unmeasured=False)
    if found is not None:
        evaluations = await setting.evaluate(state.iteration, "start", [found.candidate])
        state = state.see([found.candidate], evaluations, state.iteration, setting)
    if role is not None:
        state = await role_step(replace(state, role=at_bests(role)), setting, move=False)
        assert state.role is not None
        state = replace(state, role=back(state.role, role))
    if setting.config.method != "role-only":
        runs = np.zeros(len(setting.roster.seats), dtype=np.bool_)
        for family, swarm in enumerate(weights):
            runs[setting.roster.numbers(family)] = unmeasured(swarm)
        state = await score_rows(
            replace(state, weights=tuple(map(at_bests, weights))), runs, setting
        )
        state = replace(state, weights=tuple(map(back, state.weights, weights)))
    return state


def skips(config: PsoConfig, dropout: float, seed: int, step: str, iteration: int) -> bool:
    """Return whether Dropout-R or Dropout-W skips this iteration's step (Feng et al., 2025)."""
    return bool(generator(seed, f"dropout {step}", iteration).random() < dropout)


async def iterate(state: SearchState, setting: Setting) -> SearchState:
    """Do one iteration: role-step, weight-step and move-step, as far as the method has them."""
    config = setting.config
    before = state.found
    iteration = state.iteration + 1
    if state.role is not None and not skips(
        config.role, config.role.dropout, config.seed, "role", iteration
    ):
        state = await role_step(state, setting)
    if (
        state.weights
        and config.method != "role-only"
        and not skips(config.weight, config.weight.dropout, config.seed, "weight", iteration)
    ):
        state = await weight_step(state, setting)
    if (
        state.role is not None
        and config.role.moves
        and (config.role.nodes or len(setting.roster)) > 1
    ):
        state = await move_step(state, setting)
    risen = state.found is not before
    return replace(state, iteration=iteration, stale=0 if risen else state.stale + 1)


async def search(
    setting: Setting, checkpoint: Checkpoint, state: SearchState | None = None
) -> tuple[SearchState, Reason]:
    """Search from the start, or go on from `state`; return the last state and why it ended.

    `checkpoint` is called with every complete state. An iteration that the budget cuts off counts
    for nothing; the start is always evaluated, since without it there is no system at all.
    """
    config = setting.config
    if state is None:
        state = await begin(setting)
        checkpoint(state)
    elif state.unmeasured:
        state = await measure_again(state, setting)
        checkpoint(state)
    while True:
        setting.observe(
            IterationEnded(
                state.iteration, config.max_iterations, state.best, state.stale, config.patience
            )
        )
        if state.iteration >= config.max_iterations:
            return state, "max-iterations"
        if state.stale >= config.patience:
            return state, "patience"
        spent: Reason | None = None
        try:
            state = await iterate(state, setting)
        except* BudgetSpent as group:
            spent = next(e.reason for e in group.exceptions if isinstance(e, BudgetSpent))
        if spent is not None:
            return state, spent
        checkpoint(state)
