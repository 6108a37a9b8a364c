"""Blends of whole models, for experts that are not adapters: streamed from disk to disk.

Memory holds one tensor of the blend at a time, however large the models and however many.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from hswarm.errors import HswarmError
from hswarm.experts.folder import Stored, read_tensors, weight_files

_COPIED: Final = ("*.json", "*.txt", "*.model", "*.jinja", "*.py")
"""What makes a folder of weights a model: configuration, tokenizer, its own code if it has any."""

_FLOATS: Final = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def blend_full(sources: Sequence[Path], row: Sequence[float], target: Path) -> None:
    """Write the model Σ_j row[j] · source_j to the new folder `target`.

    `sources` are folders of models of one architecture and storage type. Files are divided as in
    the first, whose configuration and tokenizer are copied. Sums are taken in float32 and cast
    back; tensors of other types than float32, float16 and bfloat16 must be equal in all. A row that
    is 1 for one source and 0 for the rest copies its weights bit for bit. `target` appears once it
    is complete.

    Raises HswarmError where a source is unfit or `target` exists; ValueError for a malformed row.
    """
    if not sources or len(row) != len(sources) or not all(math.isfinite(c) for c in row):
        raise ValueError(f"a row of {len(sources)} finite coefficients, not {list(row)}")
    if target.exists():
        raise HswarmError(f"{target} exists already.", hint="Name a folder that is not there yet.")
    tables = [read_tensors(weight_files(source)) for source in sources]
    _check_alike(sources, tables)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        made = Path(scratch) / target.name
        made.mkdir()
        for path in {path for pattern in _COPIED for path in sources[0].glob(pattern)}:
            shutil.copy(path, made)
        for file in weight_files(sources[0]):
            _write_file(file, tables, row, made / file.name)
        made.rename(target)


def _check_alike(sources: Sequence[Path], tables: Sequence[Mapping[str, Stored]]) -> None:
    first = tables[0]
    for source, table in zip(sources, tables, strict=True):
        for name in sorted({*first, *table}):
            ours, theirs = (
                f"{side[name].dtype} of shape {side[name].shape}" if name in side else "absent"
                for side in (table, first)
            )
            if ours != theirs:
                raise HswarmError(
                    f"{source} does not go with {sources[0]}: {name} is {ours}, not {theirs}.",
                    hint="Models that are blended must share architecture and storage type.",
                )
            same = first[name].dtype in _FLOATS or np.array_equal(
                table[name].bytes(), first[name].bytes()
            )
            if not same:
                raise HswarmError(
                    f"{source} cannot be blended with {sources[0]}: {name} is {ours} and differs.",
                    hint="Only float32, float16 and bfloat16 weights can be blended.",
                )


def _write_file(
    file: Path, tables: Sequence[Mapping[str, Stored]], row: Sequence[float], target: Path
) -> None:
    """Blend the tensors that `file` holds of the first model.

    Names, types, shapes and order stay the same, and so does the file's header.
    """
    inside = {name: tensor for name, tensor in tables[0].items() if tensor.file == file}
    names = sorted(inside, key=lambda name: inside[name].start)
    with file.open("rb") as source, target.open("wb") as stream:
        stream.write(source.read(inside[names[0]].start))
        for name in names:
            stream.write(_blend_tensor(name, [table[name] for table in tables], row).data)


def _blend_tensor(name: str, stored: Sequence[Stored], row: Sequence[float]) -> NDArray[np.uint8]:
    """Return the bytes of one tensor of the blend, shape (its number of bytes,)."""
    terms = [(c, tensor) for c, tensor in zip(row, stored, strict=True) if c != 0.0]
    if stored[0].dtype not in _FLOATS:
        return stored[0].bytes()
    if len(terms) == 1 and terms[0][0] == 1.0:
        return terms[0][1].bytes()
    total = torch.zeros(stored[0].shape)
    for c, tensor in terms:
        with safe_open(tensor.file, framework="pt") as weights:
            total.add_(weights.get_tensor(name), alpha=c)
    stored_again = total.to(_FLOATS[stored[0].dtype]).flatten()
    blended: NDArray[np.uint8] = stored_again.view(torch.uint8).numpy()
    return blended
