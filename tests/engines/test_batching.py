"""Requests are collected until no coroutine can go on, and run as one flush."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from hswarm.engines.batching import BatchingEngine, Said
from hswarm.engines.request import CallFailed, Completion, Remote, Request, Sampling
from hswarm.testing.engines import EngineContract

MODELS = (Remote("echo", "a"), Remote("echo", "b"))


def request(prompt, model=MODELS[0], **sampling):
    return Request(model, prompt, Sampling(**{"max_tokens": 8, **sampling}))


class Echo:
    """Repeats the prompt, in batches of `size`; notes what it was asked, flush by flush."""

    def __init__(self, size=100):
        self.flushes = []
        self.size = size
        self.batch_may_go = threading.Event()
        self.batch_may_go.set()
        self.begun = threading.Event()
        self.closed = threading.Event()

    def run(self, requests, audience):
        self.flushes.append([r.prompt for r in requests])
        self.audience = audience
        self.begun.set()
        try:
            for start in range(0, len(requests), self.size):
                while not self.batch_may_go.wait(0.001):
                    yield []
                yield [
                    (place, self.answer(requests[place]))
                    for place in range(start, min(start + self.size, len(requests)))
                ]
        finally:
            self.closed.set()

    def answer(self, request):
        if request.prompt == "fail":
            return CallFailed("as asked")
        if request.prompt == "raise":
            raise ZeroDivisionError("as asked")
        words = [request.model.model, *request.prompt.split()]
        if request.sampling.temperature:
            words.insert(0, str(hash((request.prompt, request.sampling.seed)) % 997))
        said = words[: request.sampling.max_tokens]
        return Completion(" ".join(said), len(words), len(said), len(said) < len(words))


class TestBatchingContract(EngineContract):
    def open_engine(self):
        return BatchingEngine(Echo(size=3))

    def requests(self):
        return [request(f"one two {k}", MODELS[k % 2]) for k in range(5)]

    def hopeless(self):
        return request("fail")


@pytest.mark.parametrize("coroutines", [1, 7, 300])
def test_calls_in_a_row_take_one_flush_each(coroutines):
    runner = Echo(size=50)
    engine = BatchingEngine(runner)

    async def three_in_a_row(name):
        said = name
        for _ in range(3):
            said = (await engine.generate(request(said))).text
        return said

    async def main():
        names = [f"n{k}" for k in range(coroutines)]
        answers = await asyncio.gather(*map(three_in_a_row, names))
        assert answers == [f"a a a {name}" for name in names]
        await engine.aclose()

    asyncio.run(main())
    assert [len(flush) for flush in runner.flushes] == [coroutines] * 3
    assert engine.work.flushes == 3
    assert engine.work.requests == 3 * coroutines
    assert engine.work.generated_tokens == coroutines * (2 + 3 + 4)


def test_a_flush_waits_for_coroutines_that_need_many_passes_of_the_loop():
    runner = Echo()
    engine = BatchingEngine(runner)

    async def late(passes):
        for _ in range(passes):
            await asyncio.sleep(0)
        return await engine.generate(request(str(passes)))

    async def main():
        await asyncio.gather(*(late(passes) for passes in range(0, 300, 30)))
        await engine.aclose()

    asyncio.run(main())
    assert len(runner.flushes) == 1


def test_what_early_answers_lead_to_joins_the_next_flush():
    runner = Echo(size=1)
    engine = BatchingEngine(runner)

    async def follow(name, calls):
        for call in range(calls):
            await engine.generate(request(f"{name}{call}"))

    async def main():
        await asyncio.gather(follow("x", 3), follow("y", 1), follow("z", 2))
        await engine.aclose()

    asyncio.run(main())
    assert [sorted(flush) for flush in runner.flushes] == [["x0", "y0", "z0"], ["x1", "z1"], ["x2"]]


def test_the_event_loop_runs_on_while_the_runner_works():
    runner = Echo()
    runner.batch_may_go.clear()
    engine = BatchingEngine(runner)

    async def main():
        call = asyncio.ensure_future(engine.generate(request("slow")))
        for _ in range(300):
            await asyncio.sleep(0)
        assert runner.flushes == [["slow"]]
        assert not call.done()
        runner.batch_may_go.set()
        assert (await call).text == "a slow"
        await engine.aclose()

    asyncio.run(main())


def test_a_call_given_up_before_its_flush_is_not_run():
    runner = Echo()
    engine = BatchingEngine(runner)

    async def main():
        calls = [asyncio.ensure_future(engine.generate(request(str(k)))) for k in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await engine.aclose()

    asyncio.run(main())
    assert runner.flushes == [["0", "2"]]


def test_a_runner_is_stopped_once_nobody_waits_any_more():
    runner = Echo()
    runner.batch_may_go.clear()
    engine = BatchingEngine(runner)

    async def main():
        calls = [asyncio.ensure_future(engine.generate(request(str(k)))) for k in range(3)]
        assert await asyncio.to_thread(runner.begun.wait, 30)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert await asyncio.to_thread(runner.closed.wait, 30)
        runner.batch_may_go.set()
        assert (await engine.generate(request("next"))).text == "a next"
        await engine.aclose()

    asyncio.run(main())


def test_a_runner_can_tell_who_has_gone():
    runner = Echo()
    runner.batch_may_go.clear()
    engine = BatchingEngine(runner)

    async def main():
        calls = [asyncio.ensure_future(engine.generate(request(str(k)))) for k in range(3)]
        assert await asyncio.to_thread(runner.begun.wait, 30)
        assert not runner.audience.gone
        calls[1].cancel()
        await asyncio.wait([calls[1]])
        assert runner.audience.gone == {1}
        runner.batch_may_go.set()
        assert (await calls[2]).text == "a 2"
        await engine.aclose()

    asyncio.run(main())


def test_who_listens_is_told_how_the_answer_begins_and_nobody_else_is():
    class Telling(Echo):
        def run(self, requests, audience):
            assert audience.followed == frozenset({1})
            for said in ("a", "a b"):
                yield [(1, Said(said))]
            yield from super().run(requests, audience)

    engine = BatchingEngine(Telling())
    heard = []

    async def main():
        silent = asyncio.ensure_future(engine.generate(request("x")))
        told = asyncio.ensure_future(engine.stream(request("b c"), heard.append))
        assert (await silent).text == "a x"
        assert (await told).text == "a b c"
        await engine.aclose()

    asyncio.run(main())
    assert heard == ["a", "a b"]
    assert engine.work.requests == 2


def test_what_a_runner_raises_reaches_everybody_it_left_unanswered():
    engine = BatchingEngine(Echo(size=1))

    async def main():
        prompts = ["fine", "raise", "late"]
        calls = (engine.generate(request(prompt)) for prompt in prompts)
        fine, raised, late = await asyncio.gather(*calls, return_exceptions=True)
        assert fine.text == "a fine"
        assert isinstance(raised, ZeroDivisionError)
        assert isinstance(late, ZeroDivisionError)
        assert (await engine.generate(request("again"))).text == "a again"
        await engine.aclose()

    asyncio.run(main())


def test_closing_fails_what_is_still_open():
    runner = Echo()
    runner.batch_may_go.clear()
    engine = BatchingEngine(runner)

    async def main():
        running = asyncio.ensure_future(engine.generate(request("running")))
        assert await asyncio.to_thread(runner.begun.wait, 30)
        waiting = asyncio.ensure_future(engine.generate(request("waiting")))
        await asyncio.sleep(0)
        await engine.aclose()
        for call in (running, waiting):
            with pytest.raises(CallFailed, match="closed"):
                await call

    asyncio.run(main())
    assert runner.flushes == [["running"]]


def test_listeners_hear_of_a_flush_after_its_answers_have_had_their_effect():
    runner = Echo(size=1)
    engine = BatchingEngine(runner)
    heard = []
    answered = []
    twice = asyncio.Event()

    def listen():
        heard.append(sorted(answered))
        if len(heard) == 2:
            twice.set()

    engine.on_flush(listen)

    async def ask(name, calls):
        for call in range(calls):
            await engine.generate(request(f"{name}{call}"))
            answered.append(f"{name}{call}")

    async def main():
        await asyncio.gather(ask("x", 2), ask("y", 1))
        await twice.wait()
        await engine.aclose()

    asyncio.run(main())
    assert heard == [["x0", "y0"], ["x0", "x1", "y0"]]


def test_the_time_in_the_runner_is_counted():
    class Slow(Echo):
        def answer(self, request):
            time.sleep(0.02)
            return super().answer(request)

    engine = BatchingEngine(Slow(size=2))

    async def main():
        await asyncio.gather(*(engine.generate(request(str(k))) for k in range(5)))
        await engine.aclose()

    asyncio.run(main())
    assert engine.work.seconds >= 0.1


def test_neither_batching_nor_memo_loads_torch():
    code = "import sys, hswarm.engines.memo, hswarm.testing.engines; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
