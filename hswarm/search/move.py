"""The move-step: local search around the best-found system, beside the two swarms.

Not in the papers, whose setting has none. What a few small moves from the best graph find would
take a swarm very many particles to hit (docs/search.md, "Which step finds it"). First come moves of
nodes, then moves of edges: what a chain's nodes ask in another order was mostly asked before, so
the memo makes the first kind cheap, and it is the order that counts most. A neighbour is one move
away or, one in three, several: the best graphs in reach are not always the end of a way on which
every single move is one for the better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nextafter

from hswarm.graph.moves import EDGE_MOVES, ORDER_MOVES, Move, leap
from hswarm.search.found import Candidate, Found
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.stopping import Bar
from hswarm.swarm.random import generator


async def move_step(state: SearchState, setting: Setting) -> SearchState:
    """Try neighbours of the best-found system, round by round, each from where the last one got.

    A neighbour that is as good is gone on from, too: a plateau is crossed. Only a better one is the
    new best found. Who sits where and with what weights moves along with the nodes.
    """
    assert state.found is not None, "the start has found something"
    iteration, here = state.iteration + 1, state.found
    role = setting.config.role
    rounds = [ORDER_MOVES] * role.order_rounds + [EDGE_MOVES] * role.edge_rounds
    for turn, moves in enumerate(rounds):
        candidates = _neighbours(here.candidate, moves, iteration, turn, setting)
        candidates = await _run_heat(here.candidate, candidates, iteration, turn, setting)
        bars = _bars(candidates, here.utility)
        evaluations = await setting.evaluate(iteration, "move", candidates, bars)
        state = state.see(candidates, evaluations, iteration, setting)
        for candidate, evaluation in zip(candidates, evaluations, strict=True):
            if evaluation.utility >= here.utility:
                here = Found(candidate, evaluation.utility, iteration)
        setting.end_step(iteration, "move", evaluations, state.best, float("nan"))
    return state


def _neighbours(
    candidate: Candidate, moves: Sequence[Move], iteration: int, turn: int, setting: Setting
) -> list[Candidate]:
    """Return different neighbours, at most as many as the configuration has moves a round."""
    config, role = setting.config, setting.config.role
    generators = (
        generator(config.seed, "move", iteration, turn, place) for place in range(role.moves)
    )
    graphs = (leap(candidate.dag, moves, role.leap, rng) for rng in generators)
    return [replace(candidate, dag=dag) for dag in dict.fromkeys(graphs)]


async def _run_heat(
    here: Candidate, candidates: list[Candidate], iteration: int, turn: int, setting: Setting
) -> list[Candidate]:
    """Return the candidates that are no worse than `here` on a random part of the dev items.

    Most neighbours are much worse; a part of the items, the same for all of a round, shows it.
    """
    config, items = setting.config, len(setting.examples)
    size = round(config.role.heat * items)
    if not size or size == items:
        return candidates
    drawn = generator(config.seed, "heat", iteration, turn).choice(items, size, replace=False)
    heat = replace(setting, examples=tuple(setting.examples[k] for k in sorted(drawn)))
    (first,) = await heat.evaluate(iteration, "move", [here])
    others = await heat.evaluate(iteration, "move", candidates, _bars(candidates, first.utility))
    pairs = zip(candidates, others, strict=True)
    return [candidate for candidate, other in pairs if other.utility >= first.utility]


def _bars(candidates: Sequence[Candidate], utility: float) -> list[Bar]:
    """Return what candidates have to pass: one as good as `utility` is gone on from, too."""
    return [Bar(nextafter(utility, -inf))] * len(candidates)
