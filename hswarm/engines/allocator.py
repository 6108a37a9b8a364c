"""How the C library hands out memory: what a model on a CPU gains from its keeping it.

Without PyTorch, so that it can be called before anything heavy is imported.
"""

from __future__ import annotations

import ctypes
from typing import Final

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_NEVER: Final = 1 << 30


def share_one_arena() -> None:
    """Have threads that start from now on share the first thread's memory.

    glibc gives threads arenas of their own, in which nothing freed is kept (`keep_freed_memory`):
    a model that runs in such a thread takes twice as long. To be called before the program's first
    thread: what a thread leaves behind when it ends goes to the next one all the same. Other C
    libraries stay as they are.
    """
    _tell(_M_ARENA_MAX, 1)


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next request instead of giving it back.

    glibc otherwise returns every large buffer to the system at once, and the next layer pays for
    fresh pages: that is more than half the time of a small model. Other C libraries stay as they
    are.
    """
    _tell(_M_MMAP_THRESHOLD, _NEVER)
    _tell(_M_TRIM_THRESHOLD, _NEVER)


def _tell(parameter: int, value: int) -> None:
    try:
        ctypes.CDLL(None).mallopt(parameter, value)
    except (AttributeError, OSError, TypeError):  # not glibc
        return
