"""Noise: the best of many noisy numbers is too high, so the last word is had by unseen items.

A best-found dev utility is a maximum over all that was tried. Some dev items can be held out of
the search; at its end the best few systems are told apart by them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hswarm.search.found import Found
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.swarm.random import generator
from hswarm.tasks.task import Example

Examples = tuple[Example, ...]


def hold_out(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """Split dev items at random: those to search on and those held out, in their order.

    One at least is searched on.
    """
    size = min(round(share * len(examples)), max(len(examples) - 1, 0))
    drawn = generator(seed, "held").choice(len(examples), size, replace=False) if size else ()
    held = set(np.asarray(drawn, dtype=np.int64).tolist())
    return (
        tuple(example for k, example in enumerate(examples) if k not in held),
        tuple(example for k, example in enumerate(examples) if k in held),
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
