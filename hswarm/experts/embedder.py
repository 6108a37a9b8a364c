"""Texts as vectors: an encoder such as RoBERTa or a sentence transformer, on the CPU.

A text's vector is the mean of the last layer's over its tokens, brought to length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hswarm.errors import HswarmError
from hswarm.experts.fingerprint import hash_base
from hswarm.experts.folder import read_json, read_tensors, weight_files
from hswarm.experts.source import locate

FloatMatrix = NDArray[np.float64]

_BATCH: Final = 16
_LONGEST: Final = 512
"""Tokens of a text that are looked at."""
_REMEMBERED: Final = 4096
"""Questions whose vectors are kept."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """An encoder that was found: where others find it, and the SHA-256 of it."""

    source: str
    """Its absolute path, or its hub id and revision."""
    fingerprint: str
    folder: Path


def open_embedder(source: str) -> Embedder:
    """Find the encoder `source`, a folder or a hub id; HswarmError if it is unfit."""
    folder = locate(source)
    config = read_json(folder / "config.json")
    fingerprint = hash_base(folder, config, read_tensors(weight_files(folder)), code=False)
    local = Path(source).expanduser().is_dir()
    # A folder of the hub's cache is called by its commit.
    known_as = str(folder.resolve()) if local else f"{source.partition('@')[0]}@{folder.name}"
    return Embedder(known_as, fingerprint, folder)


def embed(embedder: Embedder, texts: Sequence[str]) -> FloatMatrix:
    """Return the vectors of texts, shape (texts, size); HswarmError if the encoder cannot run."""
    import torch  # noqa: PLC0415

    model, tokenizer = _load(embedder.folder)
    rows = []
    for start in range(0, len(texts), _BATCH):
        inputs = tokenizer(
            list(texts[start : start + _BATCH]),
            padding=True,
            truncation=True,
            max_length=min(tokenizer.model_max_length, _LONGEST),
            return_tensors="pt",
        )
        with torch.inference_mode():
            hidden = model(**inputs).last_hidden_state.double()
        read = inputs["attention_mask"][:, :, None].double()
        means = (hidden * read).sum(dim=1) / read.sum(dim=1).clamp(min=1.0)
        rows.append(torch.nn.functional.normalize(means, dim=1).numpy())
    return np.concatenate(rows)


@lru_cache(_REMEMBERED)
def embed_question(source: str, fingerprint: str, question: str) -> NDArray[np.float64]:
    """Return the vector of a question by the encoder `source`.

    HswarmError where that is not the one with `fingerprint`.
    """
    vector: NDArray[np.float64] = embed(_known(source, fingerprint), [question])[0]
    return vector


@lru_cache(4)
def _known(source: str, fingerprint: str) -> Embedder:
    embedder = open_embedder(source)
    check_embedder(embedder, fingerprint)
    return embedder


def check_embedder(embedder: Embedder, fingerprint: str) -> None:
    """Raise HswarmError where an encoder is not the one with `fingerprint`."""
    if embedder.fingerprint != fingerprint:
        raise HswarmError(
            f"The embedder {embedder.source} is not the one that questions were compared by.",
            hint="Its content has changed since; restore it, or search again.",
        )


@lru_cache(2)
def _load(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    from hswarm.experts.hush import hushed  # noqa: PLC0415

    try:
        with hushed():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model: Any = AutoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
    except (OSError, ValueError) as error:
        raise HswarmError(
            f"The embedder {folder} cannot be loaded: {str(error).partition(chr(10))[0]}",
            hint="It takes an encoder that transformers knows, with its tokenizer.",
        ) from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.float().eval(), tokenizer
