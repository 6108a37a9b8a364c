"""What a particle swarm remembers between two iterations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat, NonNegativeInt, PlainSerializer

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]
IntVector = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SwarmState:
    """N particles in d dimensions after `iteration` iterations. Arrays are copied and read-only.

    Utilities are maximised. ValueError where shapes disagree, a place in space is not finite or a
    utility is NaN.
    """

    position: FloatMatrix
    """x, shape (N, d)."""
    velocity: FloatMatrix
    """v, shape (N, d)."""
    personal_best: FloatMatrix
    """p, shape (N, d): where each particle did best; where it started while it was never scored."""
    personal_best_utility: FloatVector
    """f(p), shape (N,); −inf while a particle was never scored."""
    global_best: FloatVector | None
    """g, shape (d,): where any particle ever did best; None while none was scored."""
    global_best_utility: float
    """f(g); −inf while none was scored."""
    global_worst: FloatVector | None
    """g_w, shape (d,): where any particle ever did worst; None while none was scored."""
    global_worst_utility: float
    """f(g_w); +inf while none was scored."""
    stale: IntVector
    """Shape (N,): iterations since a particle's last personal best or restart."""
    step_length: float
    """λ of the next step."""
    iteration: int

    def __post_init__(self) -> None:
        matrices = ("position", "velocity", "personal_best")
        for name in (*matrices, "personal_best_utility", "global_best", "global_worst"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "stale", _frozen(self.stale, np.int64))
        if self.position.ndim != 2:
            raise ValueError(f"positions are a matrix, not of shape {self.position.shape}")
        particles, dimensions = self.position.shape
        expected = {
            **dict.fromkeys(matrices, (particles, dimensions)),
            **dict.fromkeys(("personal_best_utility", "stale"), (particles,)),
            **dict.fromkeys(("global_best", "global_worst"), (dimensions,)),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, not {shape}")
            if name != "personal_best_utility" and not np.isfinite(array).all():
                raise ValueError(f"{name} holds a number that is not finite")
        utilities = [self.global_best_utility, self.global_worst_utility]
        if np.isnan([*self.personal_best_utility, *utilities]).any():
            raise ValueError("the utility of a best or worst is NaN")

    def __len__(self) -> int:
        return len(self.position)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values from which `from_json` restores it exactly.

        Numbers keep every bit; infinite utilities, which JSON lacks, become "inf" and "-inf".
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}
        return _Saved.model_validate(lists).model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SwarmState:
        """Read what `to_json` wrote; ValueError if it is anything else."""
        saved = _Saved.model_validate(data)
        return cls(**{name: getattr(saved, name) for name in _Saved.model_fields})


def _spell(utility: float) -> float | str:
    return utility if math.isfinite(utility) else repr(utility)


Utility = Annotated[float, PlainSerializer(_spell)]


class _Saved(BaseModel):
    """A state on its way to and from JSON."""

    model_config = ConfigDict(extra="forbid")

    position: list[list[FiniteFloat]]
    velocity: list[list[FiniteFloat]]
    personal_best: list[list[FiniteFloat]]
    personal_best_utility: list[Utility]
    global_best: list[FiniteFloat] | None
    global_best_utility: Utility
    global_worst: list[FiniteFloat] | None
    global_worst_utility: Utility
    stale: list[NonNegativeInt]
    step_length: FiniteFloat
    iteration: NonNegativeInt


def _frozen(values: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return a read-only copy of `values`: a state that anybody could write to is not a state."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
