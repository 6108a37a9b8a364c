"""Every request to its engine; what shares a flush does not depend on how fast others answer."""

import asyncio

import pytest

from hswarm.engines.batching import Audience, BatchingEngine, Said
from hswarm.engines.families import FamiliesRunner
from hswarm.engines.memo import Flushing, MemoEngine
from hswarm.engines.request import Blend, CallFailed, Completion, Remote, Request, Sampling, Tool
from hswarm.engines.router import RouterEngine
from hswarm.engines.streaming import follow
from hswarm.errors import HswarmError
from hswarm.testing.engines import EngineContract

FAR = Remote("far", "m")


def ask(model, prompt="hello"):
    return Request(model, prompt, Sampling(8))


def blend(family, prompt="hello"):
    return ask(Blend(family, (1.0,)), prompt)


class Runner:
    """Answers by its name; notes what came together."""

    def __init__(self, name):
        self.name = name
        self.flushes = []

    def run(self, requests, audience):
        self.flushes.append(sorted(request.prompt for request in requests))
        for place, request in enumerate(requests):
            if request.prompt == "fail":
                yield [(place, CallFailed("as asked"))]
            else:
                seed = request.sampling.seed
                yield [(place, Completion(f"{self.name} {request.prompt} {seed}"[:8], 1, 1, True))]


class Far:
    """Answers after so many seconds, by the prompt: a server far away."""

    def __init__(self, seconds=lambda prompt: 0.0):
        self.seconds = seconds
        self.closed = False

    async def generate(self, request, /):
        await asyncio.sleep(self.seconds(request.prompt))
        return Completion(f"far {request.prompt}", 1, 2)

    async def aclose(self):
        self.closed = True


def route(far=None, **options):
    runners = {"l": Runner("l"), "g": Runner("g")}
    batching = BatchingEngine(FamiliesRunner(runners))
    routes = {**dict.fromkeys(runners, batching), FAR: far or Far()}
    return RouterEngine(routes, **options), runners


def gather(engine, requests):
    async def main():
        try:
            return await asyncio.gather(*map(engine.generate, requests), return_exceptions=True)
        finally:
            await engine.aclose()

    return asyncio.run(main())


class TestFamiliesContract(EngineContract):
    def open_engine(self):
        return route()[0]

    def requests(self):
        short = Sampling(1)
        return [Request(Blend("lg"[k % 2], (1.0,)), f"p{k}", short) for k in range(6)]

    def hopeless(self):
        return blend("g", "fail")


def test_each_request_reaches_its_engine():
    engine, _ = route()
    answers = gather(engine, [blend("l"), blend("g"), ask(FAR)])
    assert [answer.text for answer in answers] == ["l hello ", "g hello ", "far hello"]
    assert engine.work.requests == 3


def test_each_family_is_told_who_waits_for_its_answers():
    told = {}

    class Telling(Runner):
        def run(self, requests, audience):
            told[self.name] = audience
            yield from super().run(requests, audience)

    gone = {1}
    runner = FamiliesRunner({"l": Telling("l"), "g": Telling("g")})
    requests = [blend("lg"[k % 2], f"p{k}") for k in range(6)]
    list(runner.run(requests, Audience(frozenset({0, 3, 4}), gone)))
    assert told["l"].followed == {0, 2}
    assert told["g"].followed == {1}
    assert (set(told["l"].gone), set(told["g"].gone)) == (set(), {0})
    gone |= {2, 5}
    assert (set(told["l"].gone), set(told["g"].gone)) == ({1}, {0, 2})


def test_who_listens_is_told_through_the_router():
    class Speaking(Runner):
        def run(self, requests, audience):
            yield [(place, Said("g he")) for place in audience.followed]
            yield from super().run(requests, audience)

    heard = []

    async def main():
        batching = BatchingEngine(FamiliesRunner({"g": Speaking("g")}))
        engine = RouterEngine({"g": batching, FAR: Far()})
        listened = follow(engine, heard.append)
        answers = [await listened.generate(blend("g")), await listened.generate(ask(FAR))]
        await engine.aclose()
        return answers

    assert [answer.text for answer in asyncio.run(main())] == ["g hello ", "far hello"]
    assert heard == ["g he"]


@pytest.mark.parametrize("model", [Blend("x", (1.0,)), Remote("far", "n"), Tool("t", "f")])
def test_what_nobody_answers_is_refused_by_name(model):
    engine, _ = route()
    [error] = gather(engine, [ask(model)])
    assert isinstance(error, HswarmError)
    assert "No engine at hand" in str(error)


def test_two_batching_engines_are_refused():
    with pytest.raises(ValueError, match="2 batching"):
        RouterEngine({"l": BatchingEngine(Runner("l")), "g": BatchingEngine(Runner("g"))})


def flushes(seconds, **options):
    """Eight chains local, far, local, whose far answers take so long; return who shared a flush."""
    engine, runners = route(Far(seconds), **options)

    async def chain(k):
        await engine.generate(blend("l", f"{k} first"))
        await engine.generate(ask(FAR, str(k)))
        await engine.generate(blend("g", f"{k} second"))

    async def main():
        await asyncio.gather(*map(chain, range(8)))
        await engine.aclose()

    asyncio.run(main())
    return runners["l"].flushes, runners["g"].flushes


def test_a_flush_waits_for_who_is_at_work_elsewhere():
    alike, staggered = flushes(lambda prompt: 0.0), flushes(lambda prompt: 0.01 * int(prompt))
    assert alike == staggered
    assert [len(together) for together in staggered[1]] == [8]


def test_a_server_need_not_wait():
    _, second = flushes(lambda prompt: 0.05 * int(prompt), steady=False)
    assert len(second) > 1


def test_closing_ends_every_engine():
    far = Far()
    engine, _ = route(far)
    gather(engine, [blend("l")])
    assert far.closed


class Store(dict):
    def load(self, key):
        return self.get(key)

    def save(self, entries):
        self.update(entries)

    def rewind(self, step):
        pass


def test_answers_from_afar_are_saved_though_no_flush_ends():
    engine, _ = route()
    assert isinstance(engine, Flushing)
    store = Store()
    memo = MemoEngine(engine, store)

    async def main():
        memo.begin_step(0)
        far = [ask(FAR, str(k)) for k in range(40)]
        await asyncio.gather(*map(memo.generate, [*far, blend("l")]))
        at_once = len(store)
        await memo.aclose()
        return at_once

    assert 32 <= asyncio.run(main()) <= 41
    assert len(store) == 41


class Fixed:
    """A runner that knows the families it was opened with, and no others."""

    def run(self, requests, audience):
        yield []


@pytest.mark.parametrize("runner", [Fixed(), FamiliesRunner({"l": Fixed()})])
def test_an_engine_that_takes_on_no_experts_says_so(runner):
    router = RouterEngine({"l": BatchingEngine(runner)})
    with pytest.raises(HswarmError, match="takes on no experts while it runs") as refused:
        router.adopt(None, "l")
    assert "--engine transformers" in refused.value.hint
