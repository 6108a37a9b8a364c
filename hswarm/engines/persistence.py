"""Calls over a network, made again until they succeed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from hswarm.engines.request import CallFailed

T = TypeVar("T")

_FIRST: Final = 0.25
"""Seconds before the second attempt, before jitter; doubled from attempt to attempt."""
_LONGEST: Final = 30.0
_MOST_PATIENT: Final = 600.0
"""Seconds: who is told to come back later than that does not wait."""


class Fault(Exception):  # noqa: N818  (an event, not an error)
    """A call went wrong in a way that may be over when it is made again.

    `retry_after` are the seconds that the server asked to wait, if it did.
    """

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.retry_after = retry_after


async def persist(attempt: Callable[[], Awaitable[T]], *, attempts: int) -> T:
    """Return what `attempt` returns, made up to `attempts` times until it raises no `Fault`.

    In between it waits as long as the server asked, else twice as long each time, at random between
    half of that and all, so that callers who failed together do not come back together. Raises
    `CallFailed`, with the last fault, if all fail.
    """
    for number in range(1, attempts + 1):
        try:
            return await attempt()
        except Fault as raised:
            fault = raised
        asked = fault.retry_after
        if number == attempts or (asked is not None and asked > _MOST_PATIENT):
            break
        wait = min(_LONGEST, _FIRST * 2 ** (number - 1)) * (0.5 + random.random() / 2)
        await asyncio.sleep(wait if asked is None else asked + wait)
    times = "once" if number == 1 else f"{number} times"
    raise CallFailed(f"tried {times}, at last: {fault}")


def seconds_to_wait(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, None if it says nothing legible."""
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
