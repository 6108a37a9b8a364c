"""What the present forward pass runs over, for the layers that have to know.

A model calls its layers and its cache without telling them whose rows they see; they look it up
here. One thread runs one pass at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

Tensor = torch.Tensor

BASE = 0
"""The adapter slot of the base model alone."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Rows of several adapters, sorted into blocks of one adapter each, all of one size.

    A batched product over the blocks then serves all of them. Places that no row fills hold row 0.
    """

    adapters: Tensor
    """Shape (blocks,): the adapter slot of each block."""
    gather: Tensor
    """Shape (blocks * size,): the row in each place."""
    scatter: Tensor
    """Shape (rows,): the place of each row."""

    @classmethod
    def of(cls, adapters: Sequence[int], device: torch.device) -> Packing:
        """Pack rows whose adapters have these slots. At most half the places stay empty."""
        members: dict[int, list[int]] = {}
        for row, adapter in enumerate(adapters):
            members.setdefault(adapter, []).append(row)
        size = -(-len(adapters) // len(members))
        blocks: list[int] = []
        gather: list[int] = []
        scatter = [0] * len(adapters)
        for adapter, rows in members.items():
            for row in rows:
                if len(gather) == len(blocks) * size:
                    blocks.append(adapter)
                scatter[row] = len(gather)
                gather.append(row)
            gather += [0] * (len(blocks) * size - len(gather))
        return cls(*(torch.tensor(numbers, device=device) for numbers in (blocks, gather, scatter)))


@dataclass(slots=True)
class Forward:
    """The present pass. Either one adapter is set for all rows, or a packing of several."""

    adapter: int = BASE
    packing: Packing | None = None
    rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    """Shape (batch,): which row of the cache each row of the batch is."""
    ends: Tensor | None = None
    """Shape (batch,), while prompts are read: the place of each one's last token."""
    positions: Tensor | None = None
    """Shape (batch,), while decoding: the place of each row's one token."""
    length: int = 0
    """While decoding: how many places of the cache are in use in the longest row."""
    _packed: tuple[Tensor, Packing, Tensor] | None = field(default=None, init=False, repr=False)

    def pack(self, x: Tensor, packing: Packing) -> Tensor:
        """Return the rows of `x` in blocks, (blocks, size, features).

        The last one is kept: several layers in a row see the same `x`, and none changes it.
        """
        if self._packed is None or self._packed[0] is not x or self._packed[1] is not packing:
            rows = x.index_select(0, packing.gather)
            blocks = rows.view(len(packing.adapters), -1, x.shape[-1])
            self._packed = x, packing, blocks
        return self._packed[2]
