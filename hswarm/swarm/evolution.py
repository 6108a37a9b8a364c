"""Differential evolution (Storn & Price, 1997), the variant best/1/bin with dither, by SciPy.

SciPy asks for utilities and is not asked for positions. So it is begun anew each time, given the
utilities that are known, and stopped at the first that is not: what it wants to know is where the
particles go next.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.extra import load_extra
from hswarm.swarm.random import generator
from hswarm.swarm.space import Space
from hswarm.swarm.state import FloatMatrix, SwarmState

FEWEST: Final = 5
"""Particles that it takes."""


class _Asked(Exception):  # noqa: N818  (it is an outcome, not a mistake)
    """SciPy has come to `positions`, of which nothing is known."""

    def __init__(self, positions: FloatMatrix) -> None:
        self.positions = positions


def load() -> Any:
    """Return SciPy's module; HswarmError if it is not installed."""
    return load_extra("scipy.optimize", "de")


def ask(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> FloatMatrix:
    """Return a trial position per particle in [0, 1]^d, shape (N, d).

    SciPy keeps a population of its own, in its own order: a trial takes the place of the member it
    was crossed with where it is no worse. One that was not scored counts as the worst of all.
    """
    assert state.origin is not None, "a swarm that remembers"
    assert state.told is not None, "a swarm that remembers"
    told = iter(state.told)

    def losses(positions: FloatMatrix) -> FloatMatrix:
        utilities = next(told, None)
        if utilities is None:
            raise _Asked(positions.T)
        return np.where(np.isfinite(utilities), -utilities, np.inf)

    try:
        with np.errstate(all="ignore"):
            load().differential_evolution(
                losses,
                [(0.0, 1.0)] * state.origin.shape[1],
                init=state.origin,
                strategy="best1bin",
                maxiter=len(state.told) + 1,
                tol=0.0,
                atol=-1.0,  # it never comes to rest, on a plateau neither
                polish=False,
                vectorized=True,
                updating="deferred",
                rng=generator(seed, f"{purpose} evolution"),
            )
    except _Asked as asked:
        return asked.positions
    raise AssertionError("it asks once more than it was told")
