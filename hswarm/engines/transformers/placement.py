"""Where a model runs and how: device, number format, and the memory there."""

from __future__ import annotations

import os
from typing import Final

import psutil
import torch
from torch import nn

from hswarm.errors import HswarmError

_DTYPES: Final = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

PROCESS: Final = 2 * 2**30
"""Bytes of memory that a process with a small model may come to need."""

_KERNELS: Final = 128
"""Products whose kernels oneDNN keeps. A decoding pass needs some dozens of them over and over;
those for reading prompts are as many as there are sizes of batches, and seldom needed again."""


def pick_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a GPU if there is one. HswarmError if absent."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise HswarmError(
            f"This machine has no device {name!r} that PyTorch can use.",
            hint="Ask for auto or cpu.",
        ) from None
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the number format called `name`.

    "auto" is float32, in which an answer does not depend on what else is in its batch, except on
    CUDA, where bfloat16 (float16 on cards without it) is what models are made for.
    """
    if name != "auto":
        return _DTYPES[name]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def memory_of(device: torch.device) -> int:
    """Return the bytes of memory that `device` has, in use or not."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return int(psutil.virtual_memory().total)


def size_of(model: nn.Module) -> int:
    """Return the bytes of a model's weights."""
    return sum(p.numel() * p.element_size() for p in model.parameters())


def free_memory_of(device: torch.device) -> int:
    """Return the bytes of memory that `device` has left."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def keep_few_kernels() -> None:
    """Have oneDNN keep the kernels of a few products, unless its variables say how many.

    By default it keeps those of the last 1,024 shapes, and PyTorch as many again in each thread:
    that grows to more than half a gigabyte beside a model of 10 MB, and is no faster. To be called
    before the first product.
    """
    for variable in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(variable, str(_KERNELS))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that a device, or the machine, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text
    )
