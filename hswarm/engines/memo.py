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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol, runtime_checkable

from hswarm.engines.batching import Work
from hswarm.engines.request import Completion, Engine, Request
from hswarm.engines.streaming import Hear, follow

_SAVE_EVERY: Final = 256
"""New answers that are saved at once if the engine does not say when a flush is over."""

_COUNTERS: Final = ("answered", "generated", "prompt_tokens", "generated_tokens")


@dataclass(slots=True)
class Usage:
    """What a search asked for and what of it had to be generated, killed and resumed or not."""

    answered: int = 0
    generated: int = 0
    """Distinct requests among the answered ones."""
    prompt_tokens: int = 0
    generated_tokens: int = 0
    """Both over the distinct requests."""
    work: Work = field(default_factory=Work)
    """What this process made its engine do: not part of a snapshot."""

    @property
    def saved(self) -> int:
        """Requests that the memo answered."""
        return self.answered - self.generated

    def snapshot(self) -> dict[str, int]:
        """Return the counters by name, `work` left out."""
        return {name: getattr(self, name) for name in _COUNTERS}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Set the counters to what a snapshot says."""
        for name in _COUNTERS:
            setattr(self, name, snapshot[name])


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

    With `remember` off nothing is kept or shared and every request counts as generated. The last
    `keep` answers are kept at hand; older ones are left to the store, or forgotten without one. A
    failed call is neither remembered nor counted.
    """

    def __init__(
        self,
        inner: Engine,
        store: MemoStore | None = None,
        *,
        usage: Usage | None = None,
        remember: bool = True,
        keep: int = 100_000,
    ) -> None:
        self.usage = usage or Usage()
        self._inner = inner
        self._store = store if remember else None
        self._remember = remember
        self._keep = keep
        self._step: int | None = None
        self._before = self.usage.snapshot()
        self._known: dict[Request, Completion] = {}
        self._uncounted: dict[Request, Completion] = {}
        self._counted: list[Request] = []
        self._in_flight: dict[Request, _Shared] = {}
        self._unsaved: list[tuple[Request, Remembered]] = []
        self._failure: Exception | None = None
        self._elsewhere = self._store is not None and len(self._store) > 0
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
        if self._store is not None and self._unsaved:
            self._store.save([(request.key(), entry) for request, entry in self._unsaved])
            self._unsaved = []
        for request in list(islice(self._known, max(0, len(self._known) - self._keep))):
            del self._known[request]
            self._elsewhere = True

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
        if not self._remember:
            inner = follow(self._inner, hear) if hear else self._inner
            completion = await inner.generate(request)
            self._count(completion)
        else:
            known = self._known.get(request) or self._recall(request)
            completion = known or await self._share(request, hear)
        self.usage.answered += 1
        return completion

    def _recall(self, request: Request) -> Completion | None:
        """Return an answer that is at hand but not among those that count already."""
        uncounted = self._uncounted.pop(request, None)
        if uncounted is not None:
            self._learn(request, uncounted)
            return uncounted
        stored = None
        if self._store is not None and self._elsewhere:
            stored = self._store.load(request.key())
        if stored is None:
            return None
        if stored.step is None:
            self._learn(request, stored.completion)
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
        completion = await inner.generate(request)
        self._learn(request, completion)
        ripe = max(len(self._unsaved), len(self._known) - self._keep) >= _SAVE_EVERY
        if ripe and self._flushing is None:
            self.flush()
        return completion

    def _learn(self, request: Request, completion: Completion) -> None:
        """Keep an answer and count it to the present step."""
        self._known[request] = completion
        if self._step is not None:
            self._counted.append(request)
        self._count(completion)
        if self._store is not None:
            self._unsaved.append((request, Remembered(completion, self._step or 0)))

    def _count(self, completion: Completion) -> None:
        self.usage.generated += 1
        self.usage.prompt_tokens += completion.prompt_tokens
        self.usage.generated_tokens += completion.generated_tokens

    def _after_flush(self) -> None:
        """Save, and keep what goes wrong for the next who asks: here nobody would see it."""
        try:
            self.flush()
        except Exception as error:
            self._failure = error
