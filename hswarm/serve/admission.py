"""Who is answered now, who waits, and who is turned away."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hswarm.serve.errors import ApiError
from hswarm.serve.limits import Limits

_MEMORY: Final = 0.9
"""How much of the mean time of an answer the next one leaves as it was."""


class Admission:
    """Places for questions: so many at work, so many in the queue."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(limits.concurrent)
        self._seconds = 1.0
        self.waiting = 0
        self.working = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place while a question is at work; raises `ApiError` (429) if the queue is full.

        The error says when to come again, as far as the last answers tell.
        """
        if self._places.locked() and self.waiting >= self._limits.queue:
            raise ApiError(
                429,
                "queue_full",
                f"{self.working} questions are being answered and {self.waiting} wait.",
                retry_after=self._patience(),
            )
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        self.working += 1
        started = time.monotonic()
        try:
            yield
            spent = time.monotonic() - started
            self._seconds = _MEMORY * self._seconds + (1 - _MEMORY) * spent
        finally:
            self.working -= 1
            self._places.release()

    def _patience(self) -> int:
        """Return in how many seconds the queue will have moved up, at the pace of late."""
        rounds = (self.waiting + self.working) / self._limits.concurrent
        return max(1, math.ceil(rounds * self._seconds))
