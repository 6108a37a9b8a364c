"""Noise: the best of many noisy numbers is too high, so the last word is had by unseen items.

A best-found dev utility is a maximum over all that was tried. Some dev items can be held out of
the search; at its end the best few systems are told apart by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from hswarm.search.found import Found
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm.random import generator

T = TypeVar("T")


def hold_out(items: Sequence[T], share: float, seed: int) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Split what there is one of per dev item at random: to search on, and held out; in order.

    One at least is searched on.
    """
    size = min(round(share * len(items)), max(len(items) - 1, 0))
    held = set(generator(seed, "held").permutation(len(items))[:size].tolist())
    return (
        tuple(item for k, item in enumerate(items) if k not in held),
        tuple(item for k, item in enumerate(items) if k in held),
    )


async def crown(state: SearchState, setting: Setting) -> Found | None:
    """Return the finalist that is best over searched and held items together.

    Its utility is over all of them then. Without held items, or rivals, it is the best found.
    """
    if not setting.held or len(state.finalists) < 2:
        return state.found
    whole = replace(setting, examples=setting.examples + setting.held)
    finalists = state.finalists
    evaluations = await whole.evaluate(
        state.iteration, "crown", [found.candidate for found in finalists]
    )
    ranked = [
        replace(found, utility=evaluation.utility)
        for found, evaluation in zip(finalists, evaluations, strict=True)
        if np.isfinite(evaluation.utility)
    ]
    return max(ranked, key=lambda found: found.utility, default=state.found)
