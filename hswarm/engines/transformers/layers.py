"""Layers that take the place of a model's own: linear layers with adapters, and shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from hswarm.engines.transformers.forward import BASE, Forward, Packing

Tensor = torch.Tensor

_ROWS: Final = 128
"""How many rows the order of weights is chosen for; it does for any number."""


@dataclass(frozen=True, slots=True)
class Product:
    """A way to compute x·Wᵀ + b."""

    of: Callable[[Tensor, Tensor, Tensor | None], Tensor] = linear
    """Given x, W as prepared, and b."""
    prepare: Callable[[Tensor], Tensor] = Tensor.detach
    """Returns W, of shape (out, in), as `of` takes it best."""


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x·Wᵀ + b by oneDNN: on some processors twice as fast as MKL, which `linear` calls.

    A row's result does not depend on how many rows there are, from two on.
    """
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


def onednn_order(weight: Tensor) -> Tensor:
    """Return W in the order of oneDNN's kernels, which otherwise put it so at every product.

    A row's product is then the same with any number of rows, one row included.
    """
    ordered: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _ROWS)
    return ordered


def pick_product(device: torch.device, dtype: torch.dtype, *, copies: bool) -> Product:
    """Return the fastest exact x·Wᵀ + b there; `copies` says whether weights may be copied."""
    onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    usable = onednn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    if not usable or (device.type, dtype) != ("cpu", torch.float32):
        return Product()
    ordered = copies and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    return Product(onednn_linear, onednn_order) if ordered else Product(onednn_linear)


class Projection(nn.Module):
    """A linear layer, computed by `product`."""

    def __init__(self, layer: nn.Linear | Conv1D, product: Product) -> None:
        super().__init__()
        turned = isinstance(layer, Conv1D)
        self.weight = nn.Parameter(layer.weight.t().contiguous()) if turned else layer.weight
        self.bias = layer.bias
        self._product = product.of
        self._prepare = product.prepare
        self._ready = self._prepare(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return x·Wᵀ + b, shape (…, out)."""
        return self._product(x, self._ready, self.bias)


class AdaptedProjection(Projection):
    """A linear layer with low-rank adapters in slots: a row's output is x·Wᵀ + b + x·A·B.

    A is of shape (in, rank), B of shape (rank, out), the scale multiplied in. Slot 0 adds nothing.
    With `merge`, W + (A·B)ᵀ is kept for each adapter and used where all rows share one.
    """

    def __init__(
        self, layer: nn.Linear | Conv1D, product: Product, forward: Forward, merge: bool
    ) -> None:
        super().__init__(layer, product)
        self._forward = forward
        self._merge = merge
        self._a = self._b = self.weight.new_zeros(0)
        self._merged: list[Tensor] = []
        self._packing: Packing | None = None
        self._packed = (self._a, self._b)

    def reserve(self, slots: int, rank: int) -> None:
        """Make room for adapters in slots 1 … `slots` - 1. Those that were there are gone."""
        rows, columns = self.weight.shape
        self._a = self.weight.new_zeros(slots, columns, rank)
        self._b = self.weight.new_zeros(slots, rank, rows)
        self._merged = [self._ready] * slots if self._merge else []
        self._packing = None

    def load(self, slot: int, a: Tensor, b: Tensor) -> None:
        """Put an adapter into `slot`: A of shape (rank, in), B of shape (out, rank), scaled."""
        self._packing = None
        self._a[slot].copy_(a.t())
        self._b[slot].copy_(b.t())
        if self._merge:
            self._merged[slot] = self._prepare(torch.addmm(self.weight, b, a))

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for the rows and adapters of the present pass."""
        packing, adapter = self._forward.packing, self._forward.adapter
        if packing is None and self._merge:
            return self._product(x, self._merged[adapter], self.bias)
        y = self._product(x, self._ready, self.bias)
        if packing is not None:
            return y.add_(self._mixed(x, packing))
        if adapter != BASE:
            low = x.reshape(-1, x.shape[-1]) @ self._a[adapter]
            y.view(-1, y.shape[-1]).addmm_(low, self._b[adapter])
        return y

    def _mixed(self, x: Tensor, packing: Packing) -> Tensor:
        """Return what each row's own adapter adds to it."""
        if packing is not self._packing:
            slots = packing.adapters
            self._packed = self._a.index_select(0, slots), self._b.index_select(0, slots)
            self._packing = packing
        a, b = self._packed
        full = torch.bmm(torch.bmm(self._forward.pack(x, packing), a), b)
        return full.view(-1, *x.shape[1:-1], full.shape[-1]).index_select(0, packing.scatter)


class LastToken(nn.Module):
    """Runs a layer on each row's last token only, while prompts are read.

    Of a prompt nothing else is needed behind the last attention layer. The one token's output is
    added to all tokens' residuals; only the last token's sum is ever looked at.
    """

    def __init__(self, layer: nn.Module, forward: Forward) -> None:
        super().__init__()
        self.layer = layer
        self._forward = forward

    def forward(self, x: Tensor, *arguments: Any, **options: Any) -> Any:
        """Return the layer's output, shape (batch, 1, …) while prompts are read."""
        ends = self._forward.ends
        if ends is not None:
            x = x[torch.arange(len(ends), device=x.device), ends].unsqueeze(1)
        return self.layer(x, *arguments, **options)


def replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    """Put `layer` where `model` has its submodule `name`."""
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, layer)
