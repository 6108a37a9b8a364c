"""What lies in a model's folder: JSON files, and tensors in safetensors files.

Headers are read without loading a tensor, and without torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from hswarm.errors import HswarmError

PICKLES: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
FLOATS: Final = {"F32": 4, "F16": 2, "BF16": 2}
"""The storage types that can be blended, as safetensors names them, and their bytes per number."""

_HEADER_LIMIT: Final = 100_000_000
"""Bytes; the safetensors format allows no longer header."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a safetensors file: its bytes are `file[start:stop]`, little-endian, row-major.

    `dtype` is the format's name of it, like "F32" or "BF16".
    """

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    def bytes(self) -> NDArray[np.uint8]:
        """Return the tensor's bytes, mapped from disk, shape (stop - start,)."""
        if self.start == self.stop:
            return np.empty(0, np.uint8)
        size = self.stop - self.start
        return np.memmap(self.file, np.uint8, "r", offset=self.start, shape=(size,))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, or raise HswarmError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HswarmError(
            f"{path} cannot be read: {error.strerror}.",
            hint=f"Is {path.parent} the right folder, and complete?",
        ) from None
    except (ValueError, RecursionError):
        raise HswarmError(
            f"{path} is not JSON.", hint="Fetch the file again; it may be cut off."
        ) from None
    if not isinstance(content, dict):
        raise HswarmError(f"{path} holds no JSON object.", hint="Fetch the file again.")
    return content


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a whole model, as its index lists them; HswarmError if none.

    Weights that would have to be unpickled are refused: unpickling can run any code.
    """
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if index.is_file():
        shards = read_json(index).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise HswarmError(f"{index} lists no weights.", hint="Fetch the file again.")
        return [folder / Path(name).name for name in sorted({str(s) for s in shards.values()})]
    raise missing_weights(
        folder,
        single.name,
        "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder)",
    )


def missing_weights(folder: Path, name: str, conversion: str) -> HswarmError:
    """Return the error for a folder without the safetensors file `name`, pickled weights or not."""
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        return HswarmError(
            f"{folder} has pickled weights ({pickles[0]}), which could run any code when loaded.",
            hint=f"If you trust them, convert them once: {conversion} writes safetensors.",
        )
    return HswarmError(
        f"{folder} has no {name}.", hint="Is it the right folder, and fetched completely?"
    )


def read_tensors(files: Iterable[Path]) -> dict[str, Stored]:
    """Return every tensor of some safetensors files by name, or raise HswarmError."""
    tensors: dict[str, Stored] = {}
    for file in files:
        try:
            header, start = _read_header(file)
            found = {
                name: Stored(
                    file,
                    str(entry["dtype"]),
                    tuple(int(size) for size in entry["shape"]),
                    *(start + int(offset) for offset in entry["data_offsets"]),
                )
                for name, entry in header.items()
                if name != "__metadata__"
            }
        except OSError as error:
            raise HswarmError(
                f"{file} cannot be read: {error.strerror}.", hint="Fetch the folder again."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            found = {}
        size = file.stat().st_size
        whole = all(_is_whole(tensor, size) for tensor in found.values())
        if not found or not whole or not _is_readable(file):
            raise HswarmError(
                f"{file} is not a complete safetensors file.",
                hint="Fetch it again; in a git checkout run `git lfs pull`.",
            )
        tensors.update(found)
    return tensors


def first_not_finite(tensors: Mapping[str, Stored]) -> str | None:
    """Return the name of the first tensor that holds a NaN or an infinity; None if none does."""
    return next((name for name, tensor in tensors.items() if not _is_finite(tensor)), None)


def _is_whole(tensor: Stored, file_size: int) -> bool:
    item = FLOATS.get(tensor.dtype)
    length = tensor.stop - tensor.start
    fits = item is None or length == item * math.prod(tensor.shape)
    return fits and 0 < tensor.start <= tensor.stop <= file_size


def _is_readable(file: Path) -> bool:
    """Whether the library that will load the tensors takes the file: no gaps, no overlaps."""
    try:
        with safe_open(file, framework="np"):
            return True
    except (SafetensorError, OSError):
        return False


def _is_finite(tensor: Stored) -> bool:
    data = tensor.bytes()
    if tensor.dtype == "BF16":
        # numpy has no bfloat16. Its exponent is all ones exactly for NaN and the infinities.
        exponent = np.uint16(0x7F80)
        return not bool(((data.view("<u2") & exponent) == exponent).any())
    return bool(np.isfinite(data.view({"F32": "<f4", "F16": "<f2"}[tensor.dtype])).all())


def _read_header(file: Path) -> tuple[dict[str, Any], int]:
    """Return a safetensors header and where the data begins: length (8 bytes), JSON, data."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > _HEADER_LIMIT:
            raise ValueError("no safetensors header")
        header: dict[str, Any] = json.loads(stream.read(length))
    return header, 8 + length
