"""Whether roles or weights matter more to a task, and whether baselines say the same.

Heterogeneous Swarms (Feng et al., 2025), §6 and Table 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

Aspect = Literal["role", "weight", "neither"]


@dataclass(frozen=True, slots=True)
class Importance:
    """Mean utilities: of baselines of either kind, and of the search without either step."""

    role_baselines: float
    """B_r."""
    weight_baselines: float
    """B_w."""
    without_role: float
    without_weight: float

    @property
    def in_baselines(self) -> Aspect:
        """What matters more among baselines: the kind that does better."""
        return _higher(self.role_baselines, self.weight_baselines)

    @property
    def in_search(self) -> Aspect:
        """What matters more in the search: the step without which it does worse."""
        return _higher(self.without_weight, self.without_role)

    @property
    def consistent(self) -> bool:
        """(w/o role < w/o weight and B_r > B_w) or (w/o role > w/o weight and B_r < B_w)."""
        return self.in_baselines == self.in_search != "neither"


def role_weight_importance(
    role_baselines: Sequence[float],
    weight_baselines: Sequence[float],
    *,
    without_role: float,
    without_weight: float,
) -> Importance:
    """Take the means over the baselines of either kind; ValueError where there are none."""
    if not role_baselines or not weight_baselines:
        raise ValueError("the consistency takes baselines of both kinds")
    return Importance(fmean(role_baselines), fmean(weight_baselines), without_role, without_weight)


def _higher(role: float, weight: float) -> Aspect:
    if role == weight:
        return "neither"
    return "role" if role > weight else "weight"
