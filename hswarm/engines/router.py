"""The router: every request to the engine of whoever is to answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from hswarm.engines.batching import Adopting, BatchingEngine
from hswarm.engines.families import no_engine
from hswarm.engines.request import Blend, Completion, Engine, Remote, Request, Tool
from hswarm.engines.streaming import Hear, follow
from hswarm.engines.usage import Work
from hswarm.errors import HswarmError
from hswarm.experts.family import Family


@runtime_checkable
class Closing(Protocol):
    """An engine that has something to give back."""

    async def aclose(self) -> None:
        """End the engine."""
        ...


Route = str | Remote | Tool
"""A family by its fingerprint, or another reference as it is."""


class RouterEngine:
    """Passes every request on to the engine of its family, remote model or tool.

    Where local models are run in flushes, no flush begins while another engine is at work. What
    shares a flush then depends on what is asked, not on how fast somebody's server is, and a run
    that is repeated runs the same flushes. A server whose users must not wait for each other's
    calls switches that off: `steady` False.
    """

    def __init__(self, routes: Mapping[Route, Engine], *, steady: bool = True) -> None:
        """ValueError for two engines that run in flushes: each would wait for the other."""
        self._routes = dict(routes)
        self._engines = dict.fromkeys(routes.values())
        batching = [engine for engine in self._engines if isinstance(engine, BatchingEngine)]
        if len(batching) > 1:
            raise ValueError(f"{len(batching)} batching engines in one router")
        self._batching = batching[0] if batching else None
        self._steady = steady
        self.work = self._batching.work if self._batching is not None else Work()

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`; HswarmError if there is no engine for it."""
        return await self._pass(request, lambda engine: engine)

    async def stream(self, request: Request, hear: Hear, /) -> Completion:
        """Answer `request` as `generate` does; `hear` is told what its engine tells of it."""
        return await self._pass(request, lambda engine: follow(engine, hear))

    async def _pass(self, request: Request, ready: Callable[[Engine], Engine]) -> Completion:
        engine = self._engine_of(request)
        if engine is None:
            raise no_engine(request)
        if isinstance(engine, BatchingEngine):
            return await ready(engine).generate(request)
        with self._held():
            completion = await ready(engine).generate(request)
        self.work.requests += 1
        self.work.generated_tokens += completion.generated_tokens
        return completion

    def _engine_of(self, request: Request) -> Engine | None:
        model = request.model
        return self._routes.get(model.family if isinstance(model, Blend) else model)

    def _held(self) -> AbstractContextManager[None]:
        if self._batching is None or not self._steady:
            return nullcontext()
        return self._batching.held()

    def in_flush(self, request: Request, /) -> bool:
        """Return whether the answer to `request` comes in a flush."""
        return self._batching is not None and self._engine_of(request) is self._batching

    def on_flush(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each flush, if there are any."""
        if self._batching is not None:
            self._batching.on_flush(callback)

    def check_adopting(self, beside: str) -> None:
        """Raise HswarmError if no family can be taken on beside the family `beside` (fingerprint).

        So it is where the engine cannot take on what was not there when it was opened.
        """
        self._adopting().check_adopting(beside)

    def adopt(self, family: Family, beside: str) -> None:
        """Answer requests for `family`, too, on the base of the family `beside` (fingerprints).

        HswarmError as `check_adopting`.
        """
        self._adopting().adopt(family, beside)
        assert self._batching is not None
        self._routes[family.fingerprint] = self._batching

    def dismiss(self, fingerprint: str) -> None:
        """Let go of a family that was adopted."""
        del self._routes[fingerprint]
        self._adopting().dismiss(fingerprint)

    async def aclose(self) -> None:
        """End all engines."""
        await asyncio.gather(*(e.aclose() for e in self._engines if isinstance(e, Closing)))

    def _adopting(self) -> Adopting:
        runner = self._batching.runner if self._batching is not None else None
        if not isinstance(runner, Adopting):
            raise HswarmError(
                "This engine takes on no experts while it runs, and this method makes some.",
                hint="Use --engine transformers with one worker.",
            )
        return runner
