"""What every engine promises, as tests: inherit `EngineContract` in the tests of an engine.

class TestMyEngine(EngineContract):
    def open_engine(self): return MyEngine(...)
    def requests(self): return [...]
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from hswarm.engines.batching import Audience, Outcome, Runner, Said
from hswarm.engines.request import CallFailed, Completion, Engine, Request
from hswarm.engines.streaming import follow

T = TypeVar("T")


def run(
    runner: Runner, requests: Sequence[Request], audience: Audience | None = None
) -> list[Outcome]:
    """Return what became of `requests`, in order; AssertionError if not each is answered once."""
    answered: dict[int, Outcome] = {}
    for batch in runner.run(requests, audience or Audience()):
        for place, said in batch:
            if not isinstance(said, Said):
                assert place not in answered
                answered[place] = said
    assert sorted(answered) == list(range(len(requests)))
    return [answered[place] for place in range(len(requests))]


class EngineContract(ABC):
    """Tests for pytest. A subclass says how to open the engine and what it can be asked.

    An engine answers greedy requests the same way whenever and in whatever company they come,
    sampled ones too where `seeded`; a call that fails, or is cancelled, harms no other; it can
    serve one event loop after another.
    """

    seeded = True
    """Whether a sampled request with the same seed has the same answer again."""

    @abstractmethod
    def open_engine(self) -> Engine:
        """Return a new engine; one with a coroutine `aclose` is closed after each test."""

    @abstractmethod
    def requests(self) -> Sequence[Request]:
        """Return at least four different greedy requests of at least two models."""

    def hopeless(self) -> Request | None:
        """Return a request whose call must fail, None if the engine has no such thing."""
        return None

    def test_answers_are_well_formed(self) -> None:
        """An answer is bare text and says what it cost."""
        for request, answer in zip(self.requests(), self._ask(self.requests()), strict=True):
            assert answer.text == answer.text.strip()
            assert answer.prompt_tokens > 0
            assert 0 < answer.generated_tokens <= request.sampling.max_tokens
            assert not answer.truncated or answer.generated_tokens == request.sampling.max_tokens

    def test_company_does_not_matter(self) -> None:
        """One at a time, all at once, or backwards: the answers are the same."""
        requests = self.requests()

        async def one_by_one(engine: Engine) -> list[Completion]:
            return [await engine.generate(request) for request in requests]

        together = self._ask(requests)
        assert self._run(one_by_one) == together
        assert self._ask(requests[::-1])[::-1] == together

    def test_many_at_once(self) -> None:
        """Asked eight times over at once, a request has one answer."""
        requests = self.requests()
        assert self._ask([*requests] * 8) == self._ask(requests) * 8

    def test_length_is_limited(self) -> None:
        """`max_tokens` is kept, and what it cuts off is marked."""
        requests = [
            replace(request, sampling=replace(request.sampling, max_tokens=1))
            for request in self.requests()
        ]
        assert all(answer.generated_tokens == 1 for answer in self._ask(requests))

    def test_sampling_follows_its_seed(self) -> None:
        """A sampled answer is decided by its seed, whatever else is in the batch."""
        requests = [
            replace(request, sampling=replace(request.sampling, temperature=1.5, seed=seed))
            for request in self.requests()
            for seed in range(4)
        ]
        answers = self._ask(requests)
        assert len({answer.text for answer in answers}) > len(self.requests())
        if self.seeded:
            assert self._ask(requests[1::2]) == answers[1::2]

    def test_cancellation_harms_no_other(self) -> None:
        """Giving up on one call leaves the others as they are."""
        requests = self.requests()

        async def cancel_first(engine: Engine) -> list[Completion]:
            tasks = [asyncio.ensure_future(engine.generate(request)) for request in requests]
            await asyncio.sleep(0)
            tasks[0].cancel()
            rest = await asyncio.gather(*tasks[1:])
            assert tasks[0].cancelled()
            return list(rest)

        assert self._run(cancel_first) == self._ask(requests)[1:]

    def test_what_is_heard_is_how_the_answer_begins(self) -> None:
        """An engine that can tell of an answer before it is over tells ever more of that answer."""
        requests = self.requests()
        heard: list[list[str]] = [[] for _ in requests]

        async def listen(engine: Engine) -> list[Completion]:
            calls = (
                follow(engine, heard[place].append).generate(request)
                for place, request in enumerate(requests)
            )
            return list(await asyncio.gather(*calls))

        answers = self._run(listen)
        assert answers == self._ask(requests)
        for texts, answer in zip(heard, answers, strict=True):
            assert all(b.startswith(a) for a, b in pairwise([*texts, answer.text]))

    def test_failure_harms_no_other(self) -> None:
        """A call that fails raises `CallFailed`, for itself alone."""
        hopeless = self.hopeless()
        if hopeless is None:
            return
        requests = [*self.requests(), hopeless]

        async def ask(engine: Engine) -> list[Completion | BaseException]:
            calls = (engine.generate(request) for request in requests)
            return list(await asyncio.gather(*calls, return_exceptions=True))

        *answers, failure = self._run(ask)
        assert isinstance(failure, CallFailed)
        assert answers == self._ask(requests[:-1])

    def test_event_loops_come_and_go(self) -> None:
        """An engine serves a second event loop after the first has ended, even in mid-call."""
        requests = self.requests()
        engine = self.open_engine()

        async def ask() -> list[Completion]:
            return list(await asyncio.gather(*map(engine.generate, requests)))

        async def leave() -> None:
            await asyncio.wait([asyncio.ensure_future(ask())], timeout=0)

        first = asyncio.run(ask())
        asyncio.run(leave())
        assert asyncio.run(self._closing(engine, lambda _: ask())) == first

    def _ask(self, requests: Sequence[Request]) -> list[Completion]:
        async def ask(engine: Engine) -> list[Completion]:
            return list(await asyncio.gather(*map(engine.generate, requests)))

        return self._run(ask)

    def _run(self, use: Callable[[Engine], Awaitable[T]]) -> T:
        return asyncio.run(self._closing(self.open_engine(), use))

    async def _closing(self, engine: Engine, use: Callable[[Engine], Awaitable[T]]) -> T:
        try:
            return await use(engine)
        finally:
            close = getattr(engine, "aclose", None)
            if close is not None:
                await close()
