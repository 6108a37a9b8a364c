"""The move-step: local search around the best-found system, beside the two swarms.

Not in the papers, whose setting has none. A swarm finds where good graphs are; a few small moves
from the best of them find what it would take the swarm very many particles to hit.
"""

from __future__ import annotations

from dataclasses import replace

from hswarm.graph.moves import neighbour
from hswarm.search.found import Candidate, Found, better
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm.random import generator


async def move_step(state: SearchState, setting: Setting) -> SearchState:
    """Try neighbours of the best-found system, round by round, each from where the last one got.

    A neighbour that is as good is gone on from, too: a plateau is crossed. Only a better one is the
    new best found. Who sits where and with what weights moves along with the nodes.
    """
    assert state.found is not None, "the start has found something"
    iteration, best = state.iteration + 1, state.found
    here = best
    for turn in range(setting.config.role.rounds):
        candidates = _neighbours(here.candidate, iteration, turn, setting)
        evaluations = await setting.evaluate(iteration, "move", candidates)
        for candidate, evaluation in zip(candidates, evaluations, strict=True):
            best = better(best, candidate, evaluation.utility, iteration)
            if evaluation.utility >= here.utility:
                here = Found(candidate, evaluation.utility, iteration)
        setting.end_step(iteration, "move", evaluations, best.utility, float("nan"))
    return replace(state, found=best)


def _neighbours(
    candidate: Candidate, iteration: int, turn: int, setting: Setting
) -> list[Candidate]:
    """Return different neighbours, at most as many as the configuration has moves."""
    config = setting.config
    graphs = (
        neighbour(candidate.dag, generator(config.seed, "move", iteration, turn, move))
        for move in range(config.role.moves)
    )
    return [replace(candidate, dag=dag) for dag in dict.fromkeys(graphs)]
