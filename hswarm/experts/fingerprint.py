"""Content addresses of models: SHA-256, the same wherever and under whatever name they lie.

What counts is what changes an answer: every weight, the fields of the configuration, the tokenizer
and how prompts are written; not file names, how weights are spread over files, or library versions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hswarm.experts.folder import Stored, read_json

_TOKENIZER: Final = ("tokenizer*", "*.model", "*.jinja", "vocab*", "merges.txt", "*tokens*.json")
_INCIDENTAL: Final = ("_name_or_path", "transformers_version")


def hash_weights(tensors: Mapping[str, Stored]) -> str:
    """Return the fingerprint of some tensors: names, types, shapes and every byte, streamed."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(_canonical([name, tensor.dtype, tensor.shape]))
        digest.update(tensor.bytes().data)
    return digest.hexdigest()


def hash_base(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Stored], *, code: bool
) -> str:
    """Return the fingerprint of a base model; with `code` its Python files count, they are run."""
    generation = folder / "generation_config.json"
    return hash_json(
        {
            "weights": hash_weights(tensors),
            "config": _essence(config),
            "generation": _essence(read_json(generation)) if generation.is_file() else {},
            "tokenizer": _hash_files(folder, _TOKENIZER),
            "code": _hash_files(folder, ("*.py",)) if code else {},
        }
    )


def hash_json(value: Any) -> str:
    """Return the fingerprint of a JSON value; the order of an object's keys does not count."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def _hash_files(folder: Path, patterns: Iterable[str]) -> dict[str, str]:
    files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _essence(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _INCIDENTAL}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
