"""LoraHub: coefficients by a gradient-free optimiser (Huang et al., 2023).

The adapters are summed with coefficients between −1.5 and 1.5, A and B each, and Nevergrad's NGOpt
minimises the loss plus 0.05 times the mean size of the coefficients. That is a search for a row in
the same space that the swarms move in.

Searched: a row per family. Evaluations: 40, as in LoraHub. Departures: the loss is 1 − f on dev, in
the place of a cross-entropy on a few examples, as in Model Swarms (Feng et al., 2024); it starts
from the uniform soup and not from the base, which is no system of the pool's experts.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hswarm.baselines.trials import Trials
from hswarm.errors import HswarmError

EVALUATIONS: Final = 40
BOUND: Final = 1.5
PENALTY: Final = 0.05
"""What the mean size of the coefficients counts against the loss."""


async def lorahub(trials: Trials) -> None:
    """Enter the rows that the optimiser asks for; each family has a share of the budget."""
    families = trials.families()
    with warnings.catch_warnings():
        # Of a small budget, from whichever thread the optimisers run in: not the user's to mend.
        warnings.filterwarnings("ignore", module=r"(nevergrad|scipy)\.")
        await _optimise(trials, families)


async def _optimise(trials: Trials, families: Sequence[Sequence[int]]) -> None:
    optimisers = _import_optimisers()
    budget = trials.allowed(EVALUATIONS)
    for place, experts in enumerate(families):
        share = budget * (place + 1) // len(families) - budget * place // len(families)
        if not share:
            continue
        optimiser = optimisers.NGOpt(_parameters(len(experts), trials.seed), budget=share)
        worst = 0.0
        for _ in range(share):
            asked = optimiser.ask()
            (utility,) = await trials.enter([trials.blended(experts, asked.value)])
            worst = worst if math.isnan(utility) else min(worst, utility)
            optimiser.tell(asked, loss(utility, asked.value, worst))


def loss(utility: float, row: np.ndarray[Any, np.dtype[np.float64]], worst: float = 0.0) -> float:
    """Return what is minimised; an utility of NaN is as bad as the `worst` so far."""
    known = worst if math.isnan(utility) else utility
    return 1.0 - known + PENALTY * float(np.abs(row).mean())


def _import_optimisers() -> Any:
    try:
        from nevergrad import optimizers
    except ImportError:
        raise HswarmError(
            "lorahub needs Nevergrad, which is not installed.",
            hint="Install it: pip install 'hswarm[lorahub]'",
        ) from None
    return optimizers


def _parameters(size: int, seed: int) -> Any:
    from nevergrad import p

    parameters = p.Array(init=np.full(size, 1.0 / size), lower=-BOUND, upper=BOUND)
    parameters.random_state = np.random.RandomState(seed)
    return parameters
