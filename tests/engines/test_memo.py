"""A request is generated once, and counted as if the search had never been interrupted."""

from __future__ import annotations

import asyncio
import random

import pytest

from hswarm.engines.batching import BatchingEngine
from hswarm.engines.memo import MemoEngine, Remembered
from hswarm.engines.request import CallFailed, Completion, Remote, Request, Sampling
from hswarm.engines.usage import Usage
from hswarm.testing.engines import EngineContract


def request(prompt, model="m", **sampling):
    return Request(Remote("counting", model), prompt, Sampling(**{"max_tokens": 8, **sampling}))


def completion(asked):
    words = [asked.model.model, *asked.prompt.split(), str(asked.sampling.seed)]
    said = words[: asked.sampling.max_tokens]
    return Completion(" ".join(said), len(asked.prompt), len(said), len(said) < len(words))


class Counting:
    """Answers after a few passes of the loop; notes every call."""

    def __init__(self):
        self.asked = []
        self.cancelled = []

    async def generate(self, asked):
        self.asked.append(asked)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(asked)
            raise
        if asked.prompt.startswith("fail"):
            raise CallFailed("as asked")
        return completion(asked)


class Runner:
    """Answers in batches of two; `tokens` is what it generated."""

    def __init__(self):
        self.flushes = []

    def run(self, requests, audience):
        self.flushes.append(sorted(r.prompt for r in requests))
        for start in range(0, len(requests), 2):
            yield [(k, completion(requests[k])) for k in range(start, len(requests))[:2]]


class Store:
    """A store in memory; `kill_after` makes the so-manieth save the last before the end."""

    def __init__(self, kill_after=None):
        self.entries = {}
        self.saves = []
        self.loads = 0
        self.kill_after = kill_after

    def __len__(self):
        return len(self.entries)

    def load(self, key):
        self.loads += 1
        return self.entries.get(key)

    def save(self, entries):
        if self.kill_after is not None and len(self.saves) == self.kill_after:
            raise KeyboardInterrupt
        self.saves.append(len(entries))
        self.entries.update(entries)

    def rewind(self, step):
        for key, entry in self.entries.items():
            if entry.step is not None and entry.step >= step:
                self.entries[key] = Remembered(entry.completion, None)


def gather(engine, requests):
    async def ask():
        return await asyncio.gather(*map(engine.generate, requests), return_exceptions=True)

    return asyncio.run(ask())


class TestMemoContract(EngineContract):
    def open_engine(self):
        return MemoEngine(Counting(), Store())

    def requests(self):
        return [request(f"one two {k}", "mn"[k % 2]) for k in range(5)]

    def hopeless(self):
        return request("fail")


def test_a_request_is_generated_once():
    inner = Counting()
    memo = MemoEngine(inner)
    asked = [request("a"), request("b"), request("a"), request("a", temperature=1.0, seed=1)]
    for _ in range(3):
        assert gather(memo, asked) == [completion(one) for one in asked]
    assert len(inner.asked) == 3
    assert memo.usage.snapshot() == {
        "answered": 12,
        "generated": 3,
        "prompt_tokens": 3,
        "generated_tokens": 9,
        "picodollars": 0,
        "left_out": 0,
        "agents": {},
        "nodes": {},
    }
    assert memo.usage.saved == 9


def test_sampled_requests_differ_by_their_seed():
    inner = Counting()
    memo = MemoEngine(inner)
    gather(memo, [request("a", temperature=1.0, seed=seed) for seed in (1, 2, 1)])
    assert [one.sampling.seed for one in inner.asked] == [1, 2]


def test_switched_off_it_counts_and_keeps_nothing():
    inner = Counting()
    store = Store()
    memo = MemoEngine(inner, store, remember=False)
    asked = [request("a"), request("b"), request("a")]
    assert gather(memo, asked) == gather(MemoEngine(Counting()), asked)
    assert len(inner.asked) == 3
    assert (memo.usage.answered, memo.usage.generated, len(store)) == (3, 3, 0)


def test_a_failure_reaches_all_who_wait_and_is_not_remembered():
    inner = Counting()
    memo = MemoEngine(inner)
    failures = gather(memo, [request("fail")] * 3)
    assert [type(failure) for failure in failures] == [CallFailed] * 3
    gather(memo, [request("fail")])
    assert len(inner.asked) == 2
    assert memo.usage == Usage(called=2, failed=2)


def test_who_asks_again_at_once_after_a_failure_starts_a_new_call():
    class FailsOnce(Counting):
        async def generate(self, asked):
            if not self.asked:
                return await super().generate(request("fail"))
            return await super().generate(asked)

    inner = FailsOnce()
    memo = MemoEngine(inner)

    async def try_twice():
        with pytest.raises(CallFailed):
            await memo.generate(request("a"))
        return await memo.generate(request("a"))

    async def main():
        return await asyncio.gather(try_twice(), try_twice())

    assert asyncio.run(main()) == [completion(request("a"))] * 2
    assert len(inner.asked) == 2


@pytest.mark.parametrize("gives_up", [0, 1, 2])
def test_one_who_gives_up_leaves_the_call_to_the_others(gives_up):
    inner = Counting()
    memo = MemoEngine(inner)

    async def main():
        calls = [asyncio.ensure_future(memo.generate(request("a"))) for _ in range(3)]
        await asyncio.sleep(0)
        calls.pop(gives_up).cancel()
        assert await asyncio.gather(*calls) == [completion(request("a"))] * 2

    asyncio.run(main())
    assert len(inner.asked) == 1
    assert not inner.cancelled
    assert memo.usage.answered == 2


def test_when_all_give_up_the_call_is_cancelled_and_can_be_made_again():
    inner = Counting()
    memo = MemoEngine(inner)

    async def main():
        calls = [asyncio.ensure_future(memo.generate(request("a"))) for _ in range(2)]
        for _ in range(2):
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await memo.generate(request("a")) == completion(request("a"))

    asyncio.run(main())
    assert len(inner.cancelled) == 1
    assert len(inner.asked) == 2
    assert memo.usage.generated == 1


def test_a_store_is_written_once_per_flush():
    store = Store()
    memo = MemoEngine(BatchingEngine(Runner()), store)

    async def three_in_a_row(name):
        for call in range(3):
            await memo.generate(request(f"{name} {call}"))

    async def main():
        await asyncio.gather(*(three_in_a_row(str(k)) for k in range(10)))
        await memo.aclose()

    asyncio.run(main())
    assert store.saves == [10, 10, 10]
    assert memo.usage.work.flushes == 3


def test_without_flushes_the_store_is_written_now_and_then_and_at_the_end():
    store = Store()
    memo = MemoEngine(Counting(), store)
    gather(memo, [request(str(k)) for k in range(600)])
    assert sum(store.saves) > 500
    assert len(store.saves) == 18
    asyncio.run(memo.aclose())
    assert len(store) == 600


def test_what_memory_lets_go_is_found_in_the_store():
    inner = Counting()
    store = Store()
    memo = MemoEngine(inner, store, keep=10)
    memo.begin_step(0)
    asked = [request(str(k)) for k in range(50)]
    gather(memo, asked)
    memo.flush()
    assert store.loads == 0
    gather(memo, asked)
    assert store.loads > 0
    assert len(inner.asked) == 50
    assert memo.usage.generated == 50


class Telling(Counting):
    """Tells of an answer word by word."""

    async def stream(self, asked, hear):
        words = completion(asked).text.split()
        for end in range(1, len(words)):
            hear(" ".join(words[:end]))
            await asyncio.sleep(0)
        return await self.generate(asked)


@pytest.mark.parametrize("remember", [True, False])
def test_who_listens_is_told_and_what_is_known_is_not_told_again(remember):
    inner = Telling()
    memo = MemoEngine(inner, remember=remember)
    heard = []

    async def main():
        for _ in range(2):
            assert await memo.stream(request("a b"), heard.append) == completion(request("a b"))

    asyncio.run(main())
    assert heard == ["m", "m a", "m a b"] * (1 if remember else 2)


def test_who_joins_a_call_hears_the_rest_of_it_until_it_leaves():
    memo = MemoEngine(Telling())
    first, second, third = [], [], []

    async def main():
        calls = [asyncio.ensure_future(memo.stream(request("a b c"), first.append))]
        for _ in range(2):
            await asyncio.sleep(0)
        calls.append(asyncio.ensure_future(memo.stream(request("a b c"), second.append)))
        leaving = asyncio.ensure_future(memo.stream(request("a b c"), third.append))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(*calls)

    asyncio.run(main())
    assert first == ["m", "m a", "m a b", "m a b c"]
    assert second == first[-len(second) :]
    assert 0 < len(second) < 4
    assert len(third) < len(second)


def test_an_engine_that_cannot_tell_is_asked_all_the_same():
    memo = MemoEngine(Counting())
    heard = []
    assert asyncio.run(memo.stream(request("a"), heard.append)) == completion(request("a"))
    assert heard == []


def test_without_a_store_what_is_oldest_is_forgotten():
    inner = Counting()
    memo = MemoEngine(inner, keep=10)
    gather(memo, [request(str(k)) for k in range(1000)])
    before = len(inner.asked)
    gather(memo, [request(str(k)) for k in range(990, 1000)])
    assert len(inner.asked) == before == 1000
    gather(memo, [request("0")])
    assert len(inner.asked) == 1001


def test_steps_do_not_go_back():
    memo = MemoEngine(Counting())
    memo.begin_step(3)
    with pytest.raises(ValueError, match="comes before"):
        memo.begin_step(2)


def test_a_store_that_cannot_be_written_stops_the_search():
    tried = asyncio.Event()

    class Full(Store):
        def save(self, entries):
            tried.set()
            raise OSError("disk full")

    memo = MemoEngine(BatchingEngine(Runner()), Full())

    async def main():
        await memo.generate(request("a"))
        await tried.wait()
        with pytest.raises(OSError, match="disk full"):
            await memo.generate(request("b"))
        with pytest.raises(OSError, match="disk full"):
            memo.flush()

    asyncio.run(main())


def search(memo, usage, store_state, first_step, *, dropped=None):
    """Five steps, each asking for a chain of answers per example, some of them known."""

    async def chain(step, example):
        said = f"{example}"
        for link in range(4):
            rng = random.Random(f"{step} {example} {link}")
            said = f"{example} {rng.randrange(15)} {len(said)}"
            await memo.generate(request(said))

    async def main():
        for step in range(first_step, 5):
            memo.begin_step(step)
            await asyncio.gather(*(chain(step, example) for example in range(6)))
            if step == dropped:
                memo.drop_step()
                continue
            memo.flush()
            store_state["state"] = (step + 1, usage.snapshot())
        await memo.aclose()

    asyncio.run(main())
    return usage.snapshot()


@pytest.mark.parametrize("dropped", [None, 2, 4])
def test_a_search_killed_at_any_save_and_resumed_counts_the_same(dropped):
    usage = Usage()
    runner = Runner()
    store = Store()
    memo = MemoEngine(BatchingEngine(runner), store, usage=usage)
    whole = search(memo, usage, {}, 0, dropped=dropped)
    assert whole["answered"] == 5 * 24 - (24 if dropped is not None else 0)
    assert 0 < whole["generated"] < whole["answered"]
    flushes = runner.flushes
    assert len(store.saves) >= len(flushes) > 5
    for kill_after in range(len(store.saves)):
        left = Store(kill_after)
        state = {"state": (0, Usage().snapshot())}
        killed, usage = Runner(), Usage()
        memo = MemoEngine(BatchingEngine(killed), left, usage=usage)
        with pytest.raises(KeyboardInterrupt):
            search(memo, usage, state, 0, dropped=dropped)
        left.kill_after = None
        resumed, usage = Runner(), Usage()
        first_step, snapshot = state["state"]
        usage.restore(snapshot)
        memo = MemoEngine(BatchingEngine(resumed), left, usage=usage)
        assert search(memo, usage, state, first_step, dropped=dropped) == whole
        if dropped is None:
            assert killed.flushes[:kill_after] + resumed.flushes == flushes
        assert sorted(left.entries) == sorted(store.entries)
        assert {k: e.step for k, e in left.entries.items()} == {
            k: e.step for k, e in store.entries.items()
        }


def test_answers_of_a_finished_search_are_at_hand_for_another():
    store = Store()
    asked = [request(str(k)) for k in range(5)]
    first = MemoEngine(Counting(), store)
    first.begin_step(0)
    gather(first, asked)
    asyncio.run(first.aclose())
    inner = Counting()
    served = MemoEngine(inner, store)
    assert gather(served, asked) == [completion(one) for one in asked]
    assert not inner.asked
    assert (served.usage.answered, served.usage.generated) == (5, 0)
