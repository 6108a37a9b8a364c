"""Answers that are heard while they grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hswarm.engines.request import Completion, Engine, Request

Hear = Callable[[str], None]
"""Is told the whole text so far, on the event loop, whenever it has grown."""


@runtime_checkable
class Streaming(Engine, Protocol):
    """An engine that can tell of an answer before it is over."""

    async def stream(self, request: Request, hear: Hear, /) -> Completion:
        """Answer `request` as `generate` does; `hear` may be told the beginnings of the answer.

        An answer that is at hand already, or comes from an engine that cannot tell, is not told.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Followed:
    engine: Streaming
    hear: Hear

    async def generate(self, request: Request, /) -> Completion:
        return await self.engine.stream(request, self.hear)


def unheard(engine: Engine) -> Engine:
    """Return `engine` as it is for one who does not listen."""
    return engine.engine if isinstance(engine, _Followed) else engine


def follow(engine: Engine, hear: Hear) -> Engine:
    """Return `engine` for one who listens: whatever it is asked, `hear` is told of the answer."""
    return _Followed(engine, hear) if isinstance(engine, Streaming) else engine
