"""Batching: what coroutines ask for one by one, a synchronous runner answers many at once.

Requests are collected until no coroutine can go on, then all of them run as one flush, in a worker
thread, so that the event loop stays alive. Answers reach their coroutines batch by batch; what
those ask next waits for the next flush. So which requests share a flush depends on what is asked,
never on timing: a run that is repeated, or resumed with the answers of whole flushes at hand, runs
the same flushes, and its floating-point sums add up in the same order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, runtime_checkable

from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.engines.streaming import Hear
from hswarm.engines.usage import Work
from hswarm.experts.family import Family

Outcome = Completion | CallFailed
"""What became of a request: its answer, or why there is none."""

_QUIET_PASSES: Final = 100
"""Passes of the event loop without a new request after which none is to be expected. A coroutine
needs a few from an answer to its next request (a gather, a task group), more when answers in
between come from a memo; a pass takes a microsecond or two."""


@dataclass(frozen=True, slots=True)
class Said:
    """How an answer begins that is not over yet."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """Who waits for the answers of a flush, by place; to be looked at from any thread."""

    followed: frozenset[int] = frozenset()
    """Answers that somebody wants to hear while they grow."""
    gone: Set[int] = field(default_factory=set)
    """Answers that nobody waits for any more; it grows while the flush runs."""

    def among(self, places: Sequence[int]) -> Audience:
        """Return who waits for the answers at some `places`, by their number among these."""
        followed = (k for k, place in enumerate(places) if place in self.followed)
        return Audience(frozenset(followed), _Gone(self.gone, places))


@dataclass(frozen=True, slots=True, eq=False)
class _Gone(Set[int]):
    """Those of some places that are gone, by their number among these, as it stands."""

    gone: Set[int]
    places: Sequence[int]

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.places[number] in self.gone

    def __iter__(self) -> Iterator[int]:
        return (number for number, place in enumerate(self.places) if place in self.gone)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return bool(self.gone)  # asked once per pass: not counted out


Batch = Sequence[tuple[int, Outcome | Said]]
"""News of some requests, by their place in the flush."""


class Runner(Protocol):
    """Answers many requests at once. Called from one thread at a time, and not the event loop's."""

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Yield (place in `requests`, outcome) in batches as they get done, every place once.

        A request that cannot be answered is an outcome, `CallFailed`; what is raised ends all of
        them. An empty batch may be yielded at any time: it is a chance to stop, for when nobody
        waits for the rest any more the iterator is closed. Of the places that are followed the text
        so far may be yielded before; those that are gone may be left out.
        """
        ...


@runtime_checkable
class Ending(Protocol):
    """A runner that has something to give back."""

    def close(self) -> None:
        """End the runner."""
        ...


@runtime_checkable
class Adopting(Protocol):
    """A runner that takes on further families while it runs."""

    def check_adopting(self, beside: str, /) -> None:
        """Raise HswarmError if no family can be taken on beside the family `beside`."""
        ...

    def adopt(self, family: Family, beside: str, /) -> None:
        """Answer requests for `family`, too, on the base of the family `beside` (fingerprints)."""
        ...

    def dismiss(self, fingerprint: str, /) -> None:
        """Let go of a family that was adopted."""
        ...


@dataclass(slots=True, eq=False)
class _Call:
    request: Request
    answer: asyncio.Future[Completion]
    hear: Hear | None
    leave: Callable[[], None] | None = None
    """Tells the runner, once it has the call, that nobody waits for it any more."""


@dataclass(slots=True, eq=False)
class _Flush:
    loop: asyncio.AbstractEventLoop
    calls: list[_Call]
    audience: Audience = field(init=False)
    open: list[_Call] = field(init=False)

    def __post_init__(self) -> None:
        self.open = list(self.calls)
        followed = frozenset(place for place, call in enumerate(self.calls) if call.hear)
        gone: set[int] = set()
        self.audience = Audience(followed, gone)
        for place, call in enumerate(self.calls):
            call.leave = partial(gone.add, place)

    def abandoned(self) -> bool:
        """Whether nobody waits any more. Each call is looked at once, however often one asks."""
        while self.open and self.open[-1].answer.done():
            self.open.pop()
        return not self.open


class BatchingEngine:
    """An engine over a runner; see the module. It serves one event loop at a time.

    `work` counts what the runner did.
    """

    def __init__(self, runner: Runner) -> None:
        self.work = Work()
        self.runner = runner
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="hswarm-engine")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Call] = []
        self._running: _Flush | None = None
        self._watching = False
        self._quiet = 0
        self._held = 0
        self._flushed = False
        self._callbacks: list[Callable[[], None]] = []

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request` in the next flush; raises `CallFailed` when its own call fails."""
        return await self._ask(request, None)

    async def stream(self, request: Request, hear: Hear, /) -> Completion:
        """Answer `request` as `generate` does; `hear` is told what the runner tells of it."""
        return await self._ask(request, hear)

    async def _ask(self, request: Request, hear: Hear | None) -> Completion:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._adopt(loop)
        call = _Call(request, loop.create_future(), hear)
        self._waiting.append(call)
        self._quiet = 0
        if not self._watching and self._running is None:
            self._watch()
        try:
            return await call.answer
        except asyncio.CancelledError:
            if call.leave is not None:
                call.leave()
            raise

    def in_flush(self, request: Request, /) -> bool:
        """Return whether the answer to `request` comes in a flush: all do."""
        return True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin no flush as long as this lasts: somebody else is at work on an answer.

        What is asked upon that answer then goes into the same flush whenever it comes.
        """
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            idle = not self._held and not self._watching and self._running is None
            if idle and (self._waiting or self._flushed):
                self._quiet = 0
                self._watch()

    def on_flush(self, callback: Callable[[], None]) -> None:
        """Have `callback` called on the event loop after each flush.

        By then the coroutines that got answers have gone on as far as they can, and the runner is
        busy with what they asked next.
        """
        self._callbacks.append(callback)

    async def aclose(self) -> None:
        """Give up what is waiting or running, as failed calls, and end the worker thread."""
        for call in (*self._waiting, *(self._running.calls if self._running else ())):
            if not call.answer.done():
                call.answer.set_exception(CallFailed("the engine was closed"))
        self._waiting = []
        await asyncio.to_thread(self._worker.shutdown)
        if isinstance(self.runner, Ending):
            self.runner.close()

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve `loop` from now on; what an earlier loop left behind has nobody to go to."""
        self._loop = loop
        self._waiting = []
        self._running = None
        self._watching = False

    def _watch(self) -> None:
        """Look once per pass of the loop whether requests still come in; flush when none do."""
        assert self._loop is not None
        self._watching = not self._held and self._quiet < _QUIET_PASSES
        if self._watching:
            self._quiet += 1
            self._loop.call_soon(self._watch)
        elif not self._held:
            self._flush(self._loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        calls = [call for call in self._waiting if not call.answer.done()]
        self._waiting = []
        if calls:
            self._running = _Flush(loop, calls)
            self._worker.submit(self._work, self._running)
        if self._flushed:
            self._flushed = False
            for callback in self._callbacks:
                callback()

    def _work(self, flush: _Flush) -> None:
        """Run a flush, in the worker thread."""
        error: Exception | None = None
        started = time.perf_counter()
        try:
            requests = [call.request for call in flush.calls]
            for batch in self.runner.run(requests, flush.audience):
                if flush.abandoned():
                    break
                if batch:
                    now = time.perf_counter()
                    self._post(flush, self._deliver, flush, batch, now - started)
                    started = now
        except Exception as raised:
            error = raised
        self._post(flush, self._finish, flush, error, time.perf_counter() - started)

    def _post(self, flush: _Flush, callback: Callable[..., None], *arguments: object) -> None:
        """Have the flush's loop call back, unless it is closed, with nobody left to answer."""
        try:
            flush.loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            if not flush.loop.is_closed():
                raise

    def _deliver(self, flush: _Flush, batch: Batch, seconds: float) -> None:
        self.work.seconds += seconds
        for place, outcome in batch:
            answer, hear = flush.calls[place].answer, flush.calls[place].hear
            if isinstance(outcome, Said):
                if hear is not None and not answer.done():
                    hear(outcome.text)
                continue
            self.work.requests += 1
            if isinstance(outcome, Completion):
                self.work.generated_tokens += outcome.generated_tokens
                if not answer.done():
                    answer.set_result(outcome)
            elif not answer.done():
                answer.set_exception(outcome)

    def _finish(self, flush: _Flush, error: Exception | None, seconds: float) -> None:
        if flush is not self._running:
            return
        self.work.seconds += seconds
        self.work.flushes += 1
        for call in flush.calls:
            if not call.answer.done():
                call.answer.set_exception(error or CallFailed("the engine gave no answer"))
        self._running = None
        self._flushed = True
        self._quiet = 0
        self._watch()
