"""Blends: a coefficient row in, the weights Σ_j row[j] · expert_j out.

Every position that a swarm of models reaches is a linear combination of the experts that it started
from (Model Swarms, Feng et al., 2024, moves whole models by scalars only), so n experts in memory
and a row of n numbers stand for any of them. A and B matrices are blended separately, as the papers
do on the state dict; that is not the same as blending the products B·A.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from hswarm.experts.adapter import CONFIG, WEIGHTS
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json

Tensor = torch.Tensor

_ALIGNMENT: Final = 16
"""Float32 numbers, 64 bytes: BLAS kernels sum in another order where their data starts elsewhere,
so every tensor starts at a multiple of this and equal rows give equal bits wherever they land."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a tensor lies in a flat vector of weights."""

    start: int
    shape: tuple[int, ...]

    @property
    def stop(self) -> int:
        """Where it ends."""
        return self.start + math.prod(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class ExpertStack:
    """The experts of a family side by side in memory.

    `matrix` has shape (n, P), float32: row j is expert j's weights, flat. `spans` says where in a
    row each tensor of the adapter's state dict lies. Neither is ever modified.
    """

    matrix: Tensor
    spans: Mapping[str, Span]

    @property
    def size(self) -> int:
        """P: the length of a flat vector of weights, alignment included."""
        return self.matrix.shape[1]

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of `flat`, shape (…, P), by tensor name, each of shape (…, *its own)."""
        return {
            name: flat[..., span.start : span.stop].view(*flat.shape[:-1], *span.shape)
            for name, span in self.spans.items()
        }


def stack_experts(family: Family) -> ExpertStack:
    """Load the experts of `family` into one stack, as float32."""
    spans, size = lay_out(family.modules, family.scale.rank)
    stack = ExpertStack(torch.zeros(len(family), size), spans)
    for row, expert in zip(stack.matrix, family.experts, strict=True):
        places = stack.split(row)
        with safe_open(expert.folder / WEIGHTS, framework="pt") as weights:
            for name, place in places.items():
                place.copy_(weights.get_tensor(name))
    return stack


def lay_out(modules: Mapping[str, tuple[int, int]], rank: int) -> tuple[dict[str, Span], int]:
    """Return where each A, shape (rank, in), and B, shape (out, rank), goes; and P.

    `modules` is dotted name -> (out, in); tensors are named as in an adapter's state dict.
    """
    spans: dict[str, Span] = {}
    size = 0
    for module, (rows, columns) in modules.items():
        for side, shape in (("A", (rank, columns)), ("B", (rows, rank))):
            spans[f"base_model.model.{module}.lora_{side}.weight"] = Span(size, shape)
            size += -(-math.prod(shape) // _ALIGNMENT) * _ALIGNMENT
    return spans, size


def blend(stack: ExpertStack, row: Sequence[float], out: Tensor | None = None) -> dict[str, Tensor]:
    """Return Σ_j row[j] · expert_j as tensors by name, float32; `row` has n finite numbers.

    A row that is 1 for one expert and 0 for the others is that expert, bit for bit. The tensors are
    views of one flat vector: of `out`, shape (P,), if given (a vector that is used again spares the
    cost of fresh memory), else of a new one. One product over the stack, bound by memory speed;
    several rows are not blended at once because a row's bits would then depend on its company.
    ValueError if the row is of another length or not finite.
    """
    if len(row) != len(stack.matrix) or not all(math.isfinite(c) for c in row):
        raise ValueError(f"a row of {len(stack.matrix)} finite coefficients, not {list(row)}")
    if out is None:
        out = torch.empty(stack.size)
    one_hot = [j for j, c in enumerate(row) if c != 0.0]
    if len(one_hot) == 1 and row[one_hot[0]] == 1.0:
        out.copy_(stack.matrix[one_hot[0]])
    else:
        torch.mv(stack.matrix.T, torch.tensor(row, dtype=torch.float32), out=out)
    return stack.split(out)


def save_adapter(
    family: Family, row: Sequence[float], folder: Path, stack: ExpertStack | None = None
) -> None:
    """Write the blend `row` of `family` to a new `folder` in PEFT's format, as float32.

    `stack` is the family's, where it is at hand. PEFT loads the adapter onto the family's base like
    any other. FileExistsError if the folder is there.
    """
    write_adapter(family, blend(stack or stack_experts(family), row), folder)


def write_adapter(
    family: Family, tensors: Mapping[str, Tensor], folder: Path, *, rank: int | None = None
) -> None:
    """Write `tensors`, by the names of a state dict, to a new `folder` in PEFT's format.

    The configuration is that of the family's experts. With a `rank` of its own the adapter adds
    B·A as it is, without a factor. FileExistsError if the folder is there.
    """
    config = read_json(family.experts[0].folder / CONFIG)
    config["base_model_name_or_path"] = family.base_source
    if rank is not None:
        config |= {"r": rank, "lora_alpha": rank, "use_rslora": False}
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, folder / WEIGHTS, metadata={"format": "pt"})
