"""A model that reads prompts and decodes many rows at once, each with its own adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import nn
from transformers import PreTrainedModel

from hswarm.engines.transformers.cache import RowCache
from hswarm.engines.transformers.forward import BASE, Forward, Packing
from hswarm.engines.transformers.layers import LastToken, replace
from hswarm.engines.transformers.placement import is_out_of_memory
from hswarm.errors import HswarmError

Tensor = torch.Tensor

_GRAIN: Final = 8
"""How many places of the cache are attended to is rounded up to this: shapes that come again and
again spare the preparation of kernels."""

_KINDS: Final = frozenset({"full_attention", "sliding_attention"})

_PROBES: Final = ([5, 3, 11, 2, 7, 13], [2, 17, 3, 5])
"""Token ids, modulo the vocabulary, on which a model is tried out, the last few one by one."""

_STEPS: Final = 2


class Decoder:
    """Runs `model`, whose layers look into `forward`, over the rows of a cache."""

    def __init__(self, model: PreTrainedModel, forward: Forward, pad: int) -> None:
        self._model = model
        self._forward = forward
        self._pad = pad
        self._config = model.config.get_text_config()
        self._kinds = sorted(set(getattr(self._config, "layer_types", None) or ()))
        self._adapters: list[int] = []
        self._cache = self._new_cache(len(_PROBES), _GRAIN)
        self._take_shortcuts()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._model.device

    def bytes_per_token(self) -> int:
        """Return what the cache takes for one token of one row."""
        return self._cache.bytes_per_token()

    @torch.inference_mode()
    def reserve(self, rows: int, places: int) -> None:
        """Have a cache of at least so many rows and places; what it held may be gone."""
        if rows > self._cache.rows or places > self._cache.places:
            self.discard()
            self._cache = self._new_cache(rows, -(-places // 64) * 64)

    def discard(self) -> None:
        """Give up the cache."""
        self._cache = self._new_cache(0, 0)

    @torch.inference_mode()
    def read(self, prompts: Sequence[list[int]], rows: Sequence[int], adapter: int) -> Tensor:
        """Read prompts into `rows` of the cache; return logits of what follows, (rows, vocabulary).

        Prompts are padded behind their end: no token sees what comes after it, so none sees
        padding, and places count from 0 without masks.
        """
        device = self._model.device
        longest = max(map(len, prompts))
        padded = [prompt + [self._pad] * (longest - len(prompt)) for prompt in prompts]
        now = self._forward
        now.adapter, now.packing, now.positions = adapter, None, None
        now.rows = torch.tensor(rows, device=device)
        now.ends = torch.tensor([len(prompt) - 1 for prompt in prompts], device=device)
        try:
            return self._logits(torch.tensor(padded, device=device), None, None)
        finally:
            now.ends = None

    @torch.inference_mode()
    def step(
        self, tokens: Sequence[int], positions: Sequence[int], adapters: Sequence[int]
    ) -> Tensor:
        """Feed a token each to the first rows of the cache; return logits, (rows, vocabulary)."""
        device = self._model.device
        now = self._forward
        self._choose(list(adapters))
        now.rows = torch.arange(len(tokens), device=device)
        now.positions = torch.tensor(positions, device=device)
        now.length = min(self._cache.places, -(-(max(positions) + 1) // _GRAIN) * _GRAIN)
        ids = torch.tensor(tokens, device=device).unsqueeze(1)
        return self._logits(ids, self._masks(), now.positions.unsqueeze(1))

    @torch.inference_mode()
    def move(self, source: int, target: int, length: int) -> None:
        """Have row `target` of the cache hold what `source` does, `length` tokens."""
        self._cache.move(source, target, length)

    @torch.inference_mode()
    def wipe(self, row: int) -> None:
        """Zero a row of the cache that may hold infinities or NaN."""
        self._cache.wipe(row)

    def _new_cache(self, rows: int, places: int) -> RowCache:
        return RowCache(self._forward, self._config.num_hidden_layers, rows, places)

    def _choose(self, adapters: list[int]) -> None:
        """Set the adapters of the rows to come."""
        now = self._forward
        now.adapter = adapters[0]
        if len(set(adapters)) == 1:
            now.packing = None
        elif now.packing is None or adapters != self._adapters:
            now.packing = Packing.of(adapters, self._model.device)
            self._adapters = adapters

    def _masks(self) -> Tensor | dict[str, Tensor]:
        """Return what is added to attention scores, (rows, 1, 1, places), by kind of layer."""
        positions = self._forward.positions
        assert positions is not None
        places = torch.arange(self._forward.length, device=positions.device)
        hidden = places > positions[:, None]
        window = getattr(self._config, "sliding_window", None)
        slid = hidden if window is None else hidden | (places <= positions[:, None] - window)
        dtype = self._model.dtype
        full, sliding = (
            torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(
                mask, torch.finfo(dtype).min
            )[:, None, None]
            for mask in (hidden, slid)
        )
        if len(self._kinds) > 1:
            return {"full_attention": full, "sliding_attention": sliding}
        return full if self._kinds == ["full_attention"] else sliding

    def _logits(
        self, ids: Tensor, masks: Tensor | dict[str, Tensor] | None, positions: Tensor | None
    ) -> Tensor:
        logits: Tensor = self._model(
            input_ids=ids,
            attention_mask=masks,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
        ).logits
        return logits[:, -1]

    def _take_shortcuts(self) -> None:
        """Have all that follows the last attention layer run on last tokens only, if that works.

        Raises HswarmError if the model's answers through the cache are not those it gives without.
        """
        head = self._model.get_output_embeddings()  # type: ignore[no-untyped-call]
        last_blocks = {
            f"{name}.{len(layers) - 1}.mlp": layers[-1].get_submodule("mlp")
            for name, layers in self._model.named_modules()
            if isinstance(layers, nn.ModuleList)
            and len(layers) == self._config.num_hidden_layers
            and hasattr(layers[-1], "mlp")
        }
        for name, layer in list(self._model.named_modules()):
            if layer is head or layer in last_blocks.values():
                replace(self._model, name, LastToken(layer, self._forward))
        wrong = self._disagreement()
        if wrong and last_blocks:
            for name, layer in last_blocks.items():
                replace(self._model, name, layer)
            wrong = self._disagreement()
        if wrong or not _KINDS.issuperset(self._kinds):
            raise HswarmError(
                f"Models of type {self._config.model_type!r} cannot be run by this engine.",
                hint="It runs models whose layers all attend to keys and values of past tokens.",
            ) from wrong

    def _disagreement(self) -> Exception | None:
        """Return what is wrong with what the model says through the cache, in a batch, if so."""
        try:
            self._compare()
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return error
        return None

    @torch.inference_mode()
    def _compare(self) -> None:
        """Raise if the model does not say the same through the cache as it does without."""
        size = self._config.vocab_size
        texts = [[token % size for token in probe] for probe in _PROBES]
        read = [text[:-_STEPS] for text in texts]
        seen = [self.read(read, range(len(texts)), BASE)]
        for k in range(_STEPS):
            at = [len(text) + k for text in read]
            tokens = [text[place] for text, place in zip(texts, at, strict=True)]
            seen.append(self.step(tokens, at, [BASE] * len(texts)))
        for k, logits in enumerate(seen):
            for text, ours in zip(texts, logits, strict=True):
                ids = torch.tensor([text[: len(text) - _STEPS + k]], device=self._model.device)
                plain = self._model(input_ids=ids, use_cache=False).logits[0, -1]
                tolerance = 1e-3 if plain.dtype == torch.float32 else 0.1
                if not (ours - plain).abs().max() <= tolerance * plain.abs().max():
                    raise ArithmeticError(f"{self._config.model_type}: logits differ")
