"""The space that particles live in, for the optimisers that do not just combine positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hswarm.swarm.state import FloatMatrix, FloatVector


@dataclass(frozen=True, slots=True)
class Space:
    """Where positions may lie: anywhere, or, if `affine`, where their coordinates sum to 1.

    What a particle swarm makes of positions that sum to 1 sums to 1 again (it only adds
    differences of them); other optimisers have to be led back. New positions are best looked for
    between 0 and 1.
    """

    affine: bool

    def draw(self, dimensions: int, rng: np.random.Generator) -> FloatVector:
        """Draw a position uniformly from [0, 1]^d, or from where they sum to 1 in it."""
        if self.affine:
            return rng.dirichlet(np.ones(dimensions))
        return rng.random(dimensions)

    def project(self, positions: FloatMatrix) -> FloatMatrix:
        """Return the positions of the space that are nearest to `positions`, shape (N, d)."""
        if not self.affine:
            return positions
        excess = positions.sum(axis=1, keepdims=True) - 1.0
        projected: FloatMatrix = positions - excess / positions.shape[1]
        return projected


MATRICES = Space(affine=False)
"""Of the role swarm."""

ROWS = Space(affine=True)
"""Of the weight swarm: rows of coefficients."""
