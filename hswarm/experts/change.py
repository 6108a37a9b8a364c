"""What an expert changes: ΔW = s·B·A of every module, kept as factors.

Methods that merge models work on weights, and A and B by themselves are none: for any invertible R,
B·R and R⁻¹·A are the same expert. So they are given ΔW here, which is also what a merge of the
whole models W + ΔW would see. A weighted sum of changes is exact: its factors stand side by side,
and its rank is the sum of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from hswarm.experts.blend import ExpertStack
from hswarm.experts.family import Family

Tensor = torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """A change of one weight matrix, `up` @ `down`: shapes (out, rank) and (rank, in)."""

    up: Tensor
    down: Tensor

    def dense(self) -> Tensor:
        """Return the change itself, shape (out, in)."""
        return self.up @ self.down

    def dot(self, other: Factors) -> float:
        """Return the inner product of two changes as flat vectors, without building them."""
        return float(((self.up.T @ other.up) * (self.down @ other.down.T)).sum(dtype=torch.float64))


Change = Mapping[str, Factors]
"""Dotted module name -> what becomes of its weight."""


def change_of(family: Family, stack: ExpertStack, expert: int) -> Change:
    """Return what the `expert`-th of `family` changes."""
    tensors = stack.split(stack.matrix[expert])
    return {
        module: Factors(
            tensors[_tensor(module, "B")] * family.scale.factor, tensors[_tensor(module, "A")]
        )
        for module in family.modules
    }


def combine(changes: Sequence[Change], weights: Callable[[str], Sequence[float]]) -> Change:
    """Return Σ_k w_k ΔW_k of each module, exactly; `weights` is given the module's name."""
    return {
        module: Factors(
            torch.cat(
                [w * c[module].up for w, c in zip(weights(module), changes, strict=True)], dim=1
            ),
            torch.cat([change[module].down for change in changes], dim=0),
        )
        for module in changes[0]
    }


def factor(dense: Tensor, rank: int) -> Factors:
    """Return the factors of the best approximation of a matrix by one of at most `rank`.

    Eckart & Young (1936): its largest singular values, whose roots go to either side.
    """
    u, s, v = torch.linalg.svd(dense, full_matrices=False)
    root = s[:rank].sqrt()
    return Factors(u[:, :rank] * root, root[:, None] * v[:rank])


def state_dict(change: Change) -> tuple[dict[str, Tensor], int]:
    """Return a change as an adapter's tensors by name, and its rank.

    Modules of a lower rank than others are filled up with zeros.
    """
    rank = max(factors.down.shape[0] for factors in change.values())
    tensors = {}
    for module, factors in change.items():
        missing = rank - factors.down.shape[0]
        tensors[_tensor(module, "A")] = torch.nn.functional.pad(factors.down, (0, 0, 0, missing))
        tensors[_tensor(module, "B")] = torch.nn.functional.pad(factors.up, (0, missing))
    return tensors, rank


def _tensor(module: str, side: str) -> str:
    return f"base_model.model.{module}.lora_{side}.weight"
