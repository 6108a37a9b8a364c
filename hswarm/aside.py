"""Blocking calls where an event loop runs already, as in a notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def aside(act: Callable[[], T]) -> T:
    """Do `act`, which runs an event loop; in a thread of its own where one runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return act()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result()
