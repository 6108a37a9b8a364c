"""The keys and values of the rows being decoded, in buffers that are allocated once.

Each row starts at place 0 of its own stretch, so rows of any age and length decode together; what
lies behind a row's end is masked.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from hswarm.engines.transformers.forward import Forward

Tensor = torch.Tensor


class _Layer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One attention layer's keys and values, each of shape (rows, heads, places, head size)."""

    is_sliding = False
    keys: Tensor
    values: Tensor

    def __init__(self, forward: Forward, rows: int, places: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._forward = forward
        self._rows = rows
        self._places = places

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocate, zeroed: a masked place still counts 0 times what is there, so never NaN."""
        self.keys, self.values = (
            states.new_zeros(self._rows, states.shape[1], self._places, states.shape[3])
            for states in (key_states, value_states)
        )
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Store the states of the present pass; return those to attend to."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        now = self._forward
        if now.positions is None:
            self.keys[now.rows, :, : key_states.shape[2]] = key_states
            self.values[now.rows, :, : value_states.shape[2]] = value_states
            return key_states, value_states
        self.keys[now.rows, :, now.positions] = key_states[:, :, 0]
        self.values[now.rows, :, now.positions] = value_states[:, :, 0]
        width = len(now.rows)
        return self.keys[:width, :, : now.length], self.values[:width, :, : now.length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return how many keys there are and where they start; asked while prompts are read."""
        return query_length, 0

    def get_seq_length(self) -> int:
        """Return how many tokens came before: none while prompts are read."""
        return 0 if self._forward.positions is None else self._forward.length - 1

    def get_max_length(self) -> int:
        """Return the number of places."""
        return self._places


class RowCache(Cache):
    """Keys and values for `rows` rows of up to `places` tokens, all layers."""

    def __init__(self, forward: Forward, layers: int, rows: int, places: int) -> None:
        self.rows = rows
        self.places = places
        self._attention = [_Layer(forward, rows, places) for _ in range(layers)]
        super().__init__(layers=list(self._attention))

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` places of row `source` over those of `target`."""
        for states in self._states():
            states[target, :, :length] = states[source, :, :length]

    def wipe(self, row: int) -> None:
        """Zero a row that may hold infinities or NaN."""
        for states in self._states():
            states[row].zero_()

    def bytes_per_token(self) -> int:
        """Return what one token of one row takes, once a pass has shown the layers' shapes."""
        return sum(
            states.shape[1] * states.shape[3] * states.element_size() for states in self._states()
        )

    def _states(self) -> list[Tensor]:
        return [states for layer in self._attention for states in (layer.keys, layer.values)]
