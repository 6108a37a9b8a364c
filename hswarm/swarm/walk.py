"""How strongly inertia, the bests and the worst act on each particle in one iteration."""

from __future__ import annotations

from typing import Final

import numpy as np

from hswarm.config import PsoConfig
from hswarm.swarm.random import generator
from hswarm.swarm.state import FloatMatrix, FloatVector

MAX_OVERSHOOT: Final = 3.0
"""How far beyond a weighted average weights may reach: the most that |weights| may sum to."""


def draw_weights(
    particles: int, config: PsoConfig, seed: int, purpose: str, iteration: int
) -> FloatMatrix:
    """Return each particle's weights r·φ/C, shape (N, 4); every row sums to 1.

    Columns: inertia, cognitive, social, repel.
    """
    coefficients = np.array([config.inertia, config.cognitive, config.social, config.repel])
    if not config.walk_randomness:
        return np.tile(coefficients / coefficients.sum(), (particles, 1))
    places = (generator(seed, f"{purpose} walk", iteration, i) for i in range(particles))
    return np.stack([_walk(coefficients, config.walk_low, rng) for rng in places])


def _walk(coefficients: FloatVector, low: float, rng: np.random.Generator) -> FloatVector:
    """Draw r ~ U(low, 1) and return r·φ/C.

    With low < 0 the sum C can come close to 0, which would fling the particle away, or below,
    which would turn every direction round: such a draw is repeated. With low ≥ 0 none ever is.
    """
    while True:
        pull = rng.uniform(low, 1.0, size=len(coefficients)) * coefficients
        total = pull.sum()
        if 0.0 < np.abs(pull).sum() <= MAX_OVERSHOOT * total:
            weights: FloatVector = pull / total
            return weights
