"""What a particle swarm remembers between two iterations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat, NonNegativeInt, PlainSerializer

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]
IntVector = NDArray[np.int64]
BoolVector = NDArray[np.bool_]


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
    """g, shape (d,): where any particle ever did best; None while none was scored, or gained."""
    global_best_utility: float
    """f(g); −inf while none was scored; 0 where gains are counted and there was none."""
    global_worst: FloatVector | None
    """g_w, shape (d,): where any particle ever did worst; None while none was scored, or lost."""
    global_worst_utility: float
    """f(g_w); +inf while none was scored; 0 where gains are counted and there was no loss."""
    stale: IntVector
    """Shape (N,): iterations since a particle's last personal best or restart."""
    step_length: float
    """λ of the next step."""
    iteration: int
    origin: FloatMatrix | None = None
    """Shape (N, d): where the particles started; None unless `told` is kept."""
    told: FloatMatrix | None = None
    """Shape (T, N): every utility observed so far, NaN where there was none. From it and `origin`
    an optimiser that learns from all it has seen can ask again for what it asked for; None where
    nobody needs it."""
    waiting: BoolVector | None = None
    """Shape (N,): who joined later and was never the global best yet. Until then it walks like the
    others and is felt by none of them, as the global worst neither. None if nobody waits."""

    def __post_init__(self) -> None:
        matrices = ("position", "velocity", "personal_best")
        optional = ("global_best", "global_worst", "origin", "told")
        for name in (*matrices, "personal_best_utility", *optional):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "stale", _frozen(self.stale, np.int64))
        if self.waiting is not None:
            object.__setattr__(self, "waiting", _frozen(self.waiting, np.bool_))
        if self.position.ndim != 2:
            raise ValueError(f"positions are a matrix, not of shape {self.position.shape}")
        particles, dimensions = self.position.shape
        expected = {
            **dict.fromkeys((*matrices, "origin"), (particles, dimensions)),
            "told": (len(self.told) if self.told is not None else 0, particles),
            **dict.fromkeys(("personal_best_utility", "stale", "waiting"), (particles,)),
            **dict.fromkeys(("global_best", "global_worst"), (dimensions,)),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, not {shape}")
            if name not in _UNCHECKED and not np.isfinite(array).all():
                raise ValueError(f"{name} holds a number that is not finite")
        utilities = [self.global_best_utility, self.global_worst_utility]
        if np.isnan([*self.personal_best_utility, *utilities]).any():
            raise ValueError("the utility of a best or worst is NaN")

    def __len__(self) -> int:
        return len(self.position)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values from which `from_json` restores it exactly.

        Numbers keep every bit; utilities that JSON lacks become "inf", "-inf" and "nan".
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}
        return _Saved.model_validate(lists).model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SwarmState:
        """Read what `to_json` wrote; ValueError if it is anything else."""
        saved = _Saved.model_validate(data)
        return cls(**{name: getattr(saved, name) for name in _Saved.model_fields})


_UNCHECKED: Final = ("personal_best_utility", "told")
"""Utilities, which may be infinite or unknown."""


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
    origin: list[list[FiniteFloat]] | None = None
    told: list[list[Utility]] | None = None
    waiting: list[bool] | None = None


def _frozen(values: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return a read-only copy of `values`: a state that anybody could write to is not a state."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
