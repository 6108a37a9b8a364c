"""Bayesian optimisation by a tree-structured Parzen estimator (Bergstra et al., 2011), by Optuna.

Of Optuna's samplers this one is made of plain NumPy arithmetic and of draws, so that it asks for
the same positions again wherever a search is resumed; a Gaussian process is fitted by steps of
another length on another processor.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.extra import load_extra
from hswarm.swarm.random import generator
from hswarm.swarm.space import Space
from hswarm.swarm.state import FloatMatrix, FloatVector, SwarmState


def load() -> Any:
    """Return Optuna; HswarmError if it is not installed."""
    return load_extra("optuna", "bo")


def ask(state: SwarmState, config: PsoConfig, seed: int, purpose: str, space: Space) -> FloatMatrix:
    """Return a position per particle in [0, 1]^d, shape (N, d), where most can be expected.

    What was not scored teaches nothing.
    """
    assert state.origin is not None, "a swarm that remembers"
    assert state.told is not None, "a swarm that remembers"
    replay = _replay(state.origin.shape, state.origin.tobytes(), seed, purpose)
    return replay.ask(state.told)


class _Replay:
    """All positions that were asked for in the course of one search.

    Each follows from the utilities told before it. They are asked for again only if another course
    was taken than the one kept: once, after a resume.
    """

    def __init__(self, origin: FloatMatrix, seed: int, purpose: str) -> None:
        self._key = (seed, purpose)
        self._asked = [origin]
        self._told = np.empty((0, len(origin)))

    def ask(self, told: FloatMatrix) -> FloatMatrix:
        """Return what comes after `told`, shape (T, N)."""
        shared = min(len(told), len(self._told))
        if not np.array_equal(told[:shared], self._told[:shared], equal_nan=True):
            self._asked, self._told = self._asked[:1], told[:0]
        for known in range(len(self._asked), len(told) + 1):
            rng = generator(*self._key, known)
            self._asked.append(_suggest(np.stack(self._asked), told[:known], rng))
            self._told = told[:known]
        return self._asked[len(told)]


@lru_cache(maxsize=16)
def _replay(shape: tuple[int, int], origin: bytes, seed: int, purpose: str) -> _Replay:
    """Return the course of one search; kept for the swarms of a search that is going on."""
    return _Replay(np.frombuffer(origin).reshape(shape), seed, f"{purpose} bayesian")


def _suggest(asked: FloatMatrix, told: FloatMatrix, rng: np.random.Generator) -> FloatMatrix:
    """Suggest N positions, shape (N, d), from positions (T, N, d) and their utilities (T, N)."""
    optuna = load()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = [f"x{k}" for k in range(asked.shape[2])]
    space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
    sampler = optuna.samplers.TPESampler(
        seed=int(rng.integers(2**32)), n_startup_trials=0, multivariate=False, constant_liar=True
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for position, utility in zip(asked.reshape(-1, len(names)), told.ravel(), strict=True):
        if np.isfinite(utility):
            study.add_trial(_trial(optuna, position, float(utility), names, space))
    # A batch: each position is suggested with those before it in mind.
    trials = [study.ask(space) for _ in range(asked.shape[1])]
    return np.array([[trial.params[name] for name in names] for trial in trials])


def _trial(
    optuna: Any, position: FloatVector, utility: float, names: list[str], space: dict[str, Any]
) -> Any:
    within = np.clip(position, 0.0, 1.0).tolist()
    return optuna.trial.create_trial(
        params=dict(zip(names, within, strict=True)), distributions=space, value=utility
    )
