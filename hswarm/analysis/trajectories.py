"""The ways of particles through coefficient space, in two dimensions.

Model Swarms (Feng et al., 2024), Figure 8 plots two of the models' parameters. Positions here are
coefficient rows, so two coordinates are two experts; or the two directions in which the particles
spread most (principal components).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Trajectories in a plane: `points` has shape (iterations, particles, 2)."""

    points: FloatArray
    explained: float | None
    """The share of the variance that the plane shows; None for two chosen coordinates."""


def choose_coordinates(positions: FloatArray, first: int, second: int) -> Plane:
    """Return two coordinates of positions of shape (iterations, particles, dimensions)."""
    return Plane(positions[:, :, [first, second]], None)


def principal_plane(positions: FloatArray) -> Plane:
    """Return the projection of positions, shape (iterations, particles, d), on their main plane.

    Principal components by singular value decomposition of all positions together, centred. An
    axis points to where its largest loading is positive, so that equal runs give equal pictures.
    In one dimension the second axis is 0.
    """
    iterations, particles, dimensions = positions.shape
    flat = positions.reshape(-1, dimensions)
    centred = flat - flat.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = np.abs(axes).argmax(axis=1)[:, None]
    axes = axes * np.sign(np.take_along_axis(axes, largest, axis=1))
    points = np.zeros((len(flat), 2))
    points[:, : len(axes)] = centred @ axes.T
    total = float((singular**2).sum())
    explained = float((singular[:2] ** 2).sum()) / total if total else 1.0
    return Plane(points.reshape(iterations, particles, 2), explained)
