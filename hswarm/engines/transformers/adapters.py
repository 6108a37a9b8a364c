"""The blends that are laid over the base at present: slots for a few, the latest used kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from hswarm.engines.transformers.forward import BASE, Forward
from hswarm.engines.transformers.layers import AdaptedProjection, Product, replace
from hswarm.errors import HswarmError
from hswarm.experts.blend import ExpertStack, blend
from hswarm.experts.family import Family

_MOST: Final = 64
"""Blends at hand at most."""

_SHARE: Final = 8
"""At most one part in so many of the memory goes to blends."""


class Adapters:
    """A family's blends, loaded into the layers of `model` on demand.

    Slot 0 is the base. A blend that a row uses is held, by as many rows as use it; the others are
    kept until their slot is needed, the latest used longest.
    """

    def __init__(
        self,
        family: Family,
        stack: ExpertStack,
        model: nn.Module,
        *,
        product: Product,
        forward: Forward,
        memory: int,
    ) -> None:
        self._stack = stack
        self._scratch = torch.empty(self._stack.size)
        self._rank = family.scale.rank
        self._factor = family.scale.factor
        numbers = self._stack.size
        merged = sum(rows * columns for rows, columns in family.modules.values())
        size = next(model.parameters()).element_size()
        allowed = memory // _SHARE // size
        # A pass over several blends gathers them once more, in blocks: up to two for each.
        merge = size == 4 and allowed // (3 * numbers + merged) >= len(family)
        self._most = max(2, min(_MOST, allowed // (3 * numbers + merged * merge)))
        self._layers = {
            name: _adapt(model, name, product, forward, merge) for name in family.modules
        }
        # A system is made of as many blends at most times; room for them is made at once.
        self._usual = len(family)
        self._room = 0
        self._slots: dict[tuple[float, ...], int] = {}
        self._held: Counter[int] = Counter()
        self.make_room([])

    def make_room(self, blends: Iterable[tuple[float, ...]]) -> None:
        """Reserve slots for so many different blends, as far as memory goes; none may be held."""
        wanted = min(self._most, max(len(set(blends)), self._usual) + 1)
        if wanted > self._room:
            self._room = wanted
            self._slots.clear()
            for layer in self._layers.values():
                layer.reserve(self._room, self._rank)

    def hold(self, row: tuple[float, ...], rows: int) -> int | None:
        """Return the slot of the blend `row`, loaded, held by `rows` more; None if none is free."""
        if not row:
            return BASE
        slot = self._slots.pop(row, None)
        if slot is None:
            slot = self._free_slot()
            if slot is None:
                return None
            self._load(row, slot)
        self._slots[row] = slot
        self._held[slot] += rows
        return slot

    def release(self, slot: int) -> None:
        """Have one row less hold `slot`."""
        self._held[slot] -= 1

    def release_all(self) -> None:
        """Have nobody hold anything."""
        self._held.clear()

    def _free_slot(self) -> int | None:
        if len(self._slots) < self._room - 1:
            return len(self._slots) + 1
        oldest = next((row for row, slot in self._slots.items() if self._held[slot] <= 0), None)
        return None if oldest is None else self._slots.pop(oldest)

    def _load(self, row: tuple[float, ...], slot: int) -> None:
        tensors = blend(self._stack, row, out=self._scratch)
        for name, layer in self._layers.items():
            a, b = (tensors[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
            weight = layer.weight
            layer.load(slot, a.to(weight), (b * self._factor).to(weight))


def _adapt(
    model: nn.Module, name: str, product: Product, forward: Forward, merge: bool
) -> AdaptedProjection:
    """Put an adapted layer in the place of the layer called `name`."""
    try:
        layer = model.get_submodule(name)
    except AttributeError:
        layer = None
    if not isinstance(layer, nn.Linear | Conv1D):
        raise HswarmError(
            f"The experts adapt {name}, which the base model does not have as a linear layer.",
            hint="They were trained for another base, or with another version of transformers.",
        )
    adapted = AdaptedProjection(layer, product, forward, merge)
    replace(model, name, adapted)
    return adapted
