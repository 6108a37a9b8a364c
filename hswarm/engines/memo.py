"""The memo: a request is generated once in a search, however many graphs and iterations ask.

Identical requests in flight share one call. What was answered is kept in memory and, if there is a
store, for a run that was interrupted: it finds there what it would otherwise generate again.

`Usage` counts as if there had been no interruption. An answer costs something in the step that
first asks for it, and the store keeps that step's number with the answer. A run resumed at step s
forgets the numbers from s on (`MemoStore.rewind`): those answers are at hand, and yet they count
as generated when the repeated steps ask for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, runtime_checkable

from hswarm.engines.request import CallFailed, Completion, Engine, ModelReference, Request
from hswarm.engines.streaming import Hear, follow
from hswarm.engines.usage import Usage, Work

_SAVE_EVERY: Final = 32
"""New answers that are saved together where no flush says when. A remote one costs money, and what
a kill finds unsaved is paid for twice."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A stored answer and the step that first asked for it, None if that step is yet to come."""

    completion: Completion
    step: int | None


class MemoStore(Protocol):
    """Answers that outlive the process, by `Request.key()`.

    A store may forget answers to stay small; they are generated, and counted, again.
    """

    def __len__(self) -> int:
        """Return the number of answers."""
        ...

    def load(self, key: str, /) -> Remembered | None:
        """Return the answer stored under `key`, if any."""
        ...

    def save(self, entries: Sequence[tuple[str, Remembered]], /) -> None:
        """Store all of `entries`, over what is there, or none of them if that fails.

        The entries are the answers of whole flushes: a resumed run then runs the same flushes.
        """
        ...

    def rewind(self, step: int, /) -> None:
        """Set the step of every answer first asked for at `step` or later to None."""
        ...


@runtime_checkable
class Flushing(Protocol):
    """An engine that answers in flushes, says when one is over, and counts its work."""

    work: Work

    def in_flush(self, request: Request, /) -> bool:
        """Return whether the answer to `request` comes in a flush, and not whenever it is there."""
        ...

    def on_flush(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called after each flush."""
        ...

    async def aclose(self) -> None:
        """End the engine."""
        ...


@dataclass(slots=True, eq=False)
class _Shared:
    """A call that several may wait for, and those of them who listen."""

    call: asyncio.Task[Completion]
    ears: list[Hear]
    waiters: int = 0


class MemoEngine:
    """An engine that asks `inner` only for what it does not know yet, and counts into `usage`.

    With `remember` off nothing is kept or shared and every request counts as generated; so it is
    with requests for the kinds of agents that are to be asked afresh every time. The last
    `keep` answers are kept at hand; older ones are left to the store, or forgotten without one. To
    a `shared` store others add answers meanwhile. A failed call is neither remembered nor counted.
    """

    def __init__(
        self,
        inner: Engine,
        store: MemoStore | None = None,
        *,
        usage: Usage | None = None,
        remember: bool = True,
        shared: bool = False,
        keep: int = 100_000,
        fresh: tuple[type[ModelReference], ...] = (),
    ) -> None:
        self.usage = usage or Usage()
        self._inner = inner
        self._store = store if remember else None
        self._remember = remember
        self._fresh = fresh
        self._keep = keep
        self._step: int | None = None
        self._before = self.usage.snapshot()
        self._known: dict[Request, Completion] = {}
        self._uncounted: dict[Request, Completion] = {}
        self._counted: list[Request] = []
        self._in_flight: dict[Request, _Shared] = {}
        self._unsaved: list[tuple[Request, Remembered]] = []
        self._unsaved_flush: list[tuple[Request, Remembered]] = []
        self._failure: Exception | None = None
        self._elsewhere = self._store is not None and (shared or len(self._store) > 0)
        self._flushing = inner if isinstance(inner, Flushing) else None
        if self._flushing is not None:
            self._flushing.on_flush(self._after_flush)
            self.usage.work = self._flushing.work

    def begin_step(self, step: int) -> None:
        """Count what is asked for from now on to `step`; steps go up, ValueError otherwise.

        The first call says where the search begins, 0 or the step that a resumed one repeats.
        """
        if self._step is None:
            if self._store is not None:
                self._store.rewind(step)
        elif step < self._step:
            raise ValueError(f"step {step} comes before step {self._step}")
        self.flush()
        self._step = step
        self._before = self.usage.snapshot()
        self._counted = []

    def drop_step(self) -> None:
        """Take back what was counted since the step began: it did not happen.

        Its answers stay at hand, and count when they are asked for again.
        """
        self.flush()
        if self._store is not None and self._step is not None:
            self._store.rewind(self._step)
        for request in self._counted:
            if request in self._known:
                self._uncounted[request] = self._known.pop(request)
        self._counted = []
        self.usage.restore(self._before)

    def flush(self) -> None:
        """Store what is new. To be called before a state that relies on it is written."""
        if self._failure is not None:
            raise self._failure
        self._unsaved += self._unsaved_flush
        self._unsaved_flush = []
        self._save()
        self._trim()

    async def aclose(self) -> None:
        """Store what is new and end the engine inside."""
        self.flush()
        if self._flushing is not None:
            await self._flushing.aclose()

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request` from memory, from the store, or by asking `inner` once."""
        return await self._answer(request, None)

    async def stream(self, request: Request, hear: Hear, /) -> Completion:
        """Answer `request` as `generate` does; `hear` is told what `inner` tells of it.

        Who joins a call that nobody listened to when it began is told nothing.
        """
        return await self._answer(request, hear)

    async def _answer(self, request: Request, hear: Hear | None) -> Completion:
        if not self._remembers(request):
            inner = follow(self._inner, hear) if hear else self._inner
            completion = await self._call(request, inner)
        else:
            known = self._known.get(request) or self._recall(request)
            completion = known or await self._share(request, hear)
        self.usage.answer(request.asker)
        return completion

    def _remembers(self, request: Request) -> bool:
        return self._remember and not isinstance(request.model, self._fresh)

    def _recall(self, request: Request) -> Completion | None:
        """Return an answer that is at hand but not among those that count already."""
        uncounted = self._uncounted.pop(request, None)
        if uncounted is not None:
            self._learn(request, uncounted, 0.0)
            return uncounted
        stored = None
        if self._store is not None and self._elsewhere:
            stored = self._store.load(request.key())
        if stored is None:
            return None
        if stored.step is None:
            self._learn(request, stored.completion, 0.0)
        else:
            self._known[request] = stored.completion
        return stored.completion

    async def _share(self, request: Request, hear: Hear | None) -> Completion:
        """Wait for the one call for `request`; only the last waiter to give up cancels it."""
        shared = self._in_flight.get(request)
        if shared is None or shared.call.done():
            shared = self._begin(request, listened=hear is not None)
            self._in_flight[request] = shared
        shared.waiters += 1
        if hear is not None:
            shared.ears.append(hear)
        try:
            return await asyncio.shield(shared.call)
        finally:
            shared.waiters -= 1
            if hear is not None:
                shared.ears.remove(hear)
            if not shared.waiters:
                shared.call.cancel()
                if self._in_flight.get(request) is shared:
                    del self._in_flight[request]

    def _begin(self, request: Request, *, listened: bool) -> _Shared:
        ears: list[Hear] = []

        def tell(text: str) -> None:
            for hear in ears:
                hear(text)

        inner = follow(self._inner, tell) if listened else self._inner
        return _Shared(asyncio.create_task(self._ask(request, inner)), ears)

    async def _ask(self, request: Request, inner: Engine) -> Completion:
        if self._failure is not None:
            raise self._failure
        return await self._call(request, inner)

    async def _call(self, request: Request, inner: Engine) -> Completion:
        """Have `inner` answer, and count it."""
        asked = time.perf_counter()
        self.usage.called += 1
        try:
            completion = await inner.generate(request)
        except CallFailed:
            self.usage.failed += 1
            raise
        seconds = time.perf_counter() - asked
        if self._remembers(request):
            self._learn(request, completion, seconds)
            self._tidy()
        else:
            self.usage.generate(request.asker, completion, seconds)
        return completion

    def _tidy(self) -> None:
        """Do what no flush may come to do."""
        if len(self._unsaved) >= _SAVE_EVERY:
            self._save()
        # What a flush is yet to save is not to be asked for again before that.
        if not self._unsaved_flush and len(self._known) >= self._keep + _SAVE_EVERY:
            self.flush()

    def _learn(self, request: Request, completion: Completion, seconds: float) -> None:
        """Keep an answer and count it to the present step."""
        self._known[request] = completion
        if self._step is not None:
            self._counted.append(request)
        self.usage.generate(request.asker, completion, seconds)
        if self._store is not None:
            flushed = self._flushing is not None and self._flushing.in_flush(request)
            unsaved = self._unsaved_flush if flushed else self._unsaved
            unsaved.append((request, Remembered(completion, self._step or 0)))

    def _save(self) -> None:
        if self._store is not None and self._unsaved:
            self._store.save([(request.key(), entry) for request, entry in self._unsaved])
            self._unsaved = []

    def _trim(self) -> None:
        for request in list(islice(self._known, max(0, len(self._known) - self._keep))):
            del self._known[request]
            self._elsewhere = True

    def _after_flush(self) -> None:
        """Save, and keep what goes wrong for the next who asks: here nobody would see it."""
        try:
            self.flush()
        except Exception as error:
            self._failure = error
