"""Aides, real processes: the same answers as without, whatever becomes of them."""

import json
import math
import os
import random
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, Said
from hswarm.engines.request import Blend, CallFailed, Completion, Request, Sampling, TooLong
from hswarm.engines.transformers import AidedRunner, TransformersRunner, aides
from hswarm.engines.transformers.aide import (
    dump_outcome,
    dump_requests,
    load_outcome,
    load_requests,
)

ALONE = EngineConfig(device="cpu", threads=1)
TWO = EngineConfig(device="cpu", threads=2)
ROWS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.1, 0.7, -1 / 3), ())


def make_requests(family, count, *, sampling=Sampling(12), seed=0):  # noqa: B008
    rng = random.Random(seed)
    return [
        Request(
            Blend(family.fingerprint, ROWS[k % len(ROWS)]),
            " ".join(f"w{rng.randrange(5, 64):02}" for _ in range(rng.randrange(1, 30))),
            sampling,
        )
        for k in range(count)
    ]


def run(runner, requests):
    outcomes = dict(pair for batch in runner.run(requests, Audience()) for pair in batch)
    assert sorted(outcomes) == list(range(len(requests)))
    return [outcomes[k] for k in range(len(requests))]


@pytest.fixture
def family(make_family):
    return make_family("qwen3")


@pytest.fixture
def hire(family, monkeypatch):
    """Return a runner for `family` that is to have aides soon."""
    monkeypatch.setattr(aides, "_FEW", 4)
    monkeypatch.setattr(aides, "_MUCH", 1)
    hired = []

    def start(config=TWO):
        hired.append(AidedRunner(TransformersRunner(family, config), family, config))
        return hired[-1]

    yield start
    for runner in hired:
        runner.close()


@pytest.fixture
def aided(hire, family):
    """A runner whose two aides are ready."""
    runner = hire()
    run(runner, make_requests(family, 4))
    deadline = time.monotonic() + 120
    while not all(one.ready for one in runner._aides):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(runner._aides) == 2
    return runner


@pytest.fixture
def nobody_here(monkeypatch):
    """Whatever is not answered by aides is not answered."""

    def run(self, requests, audience):
        raise AssertionError("answered here")
        yield

    monkeypatch.setattr(TransformersRunner, "run", run)


def kill(runner, *who):
    for number in who:
        process = runner._aides[number]._process
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def test_aides_say_what_is_said_here(aided, family, request):
    requests = make_requests(family, 60)
    requests += make_requests(family, 20, sampling=Sampling(9, temperature=0.9, top_p=0.9, seed=4))
    expected = run(TransformersRunner(family, ALONE), requests)
    request.getfixturevalue("nobody_here")
    assert run(aided, requests) == expected
    assert run(aided, requests[::-1]) == expected[::-1]


def test_what_cannot_be_answered_is_said_by_aides_too(aided, family, request):
    good = make_requests(family, 6)
    long = Request(Blend(family.fingerprint, ()), "w07 " * 5_000, Sampling(3))
    broken = Request(Blend(family.fingerprint, (math.nan, 0.0, 0.0)), "w07", Sampling(3))
    requests = [*good, long, broken]
    expected = run(TransformersRunner(family, ALONE), requests)
    request.getfixturevalue("nobody_here")
    outcomes = run(aided, requests)
    assert outcomes[:6] == expected[:6]
    assert isinstance(outcomes[6], TooLong)
    assert isinstance(outcomes[7], CallFailed)
    assert [str(outcome) for outcome in outcomes[6:]] == [str(outcome) for outcome in expected[6:]]


@pytest.mark.parametrize("who", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("when", [0, 1, 4])
def test_who_is_killed_at_work_leaves_nothing_undone(aided, family, who, when):
    requests = make_requests(family, 80, sampling=Sampling(20))
    expected = run(TransformersRunner(family, ALONE), requests)
    outcomes = []
    for number, batch in enumerate(aided.run(requests, Audience())):
        if number == when:
            kill(aided, *who)
        outcomes += batch
    assert len(outcomes) == len(requests)
    assert [outcome for _, outcome in sorted(outcomes, key=lambda pair: pair[0])] == expected
    assert run(aided, requests) == expected


def test_who_is_killed_while_idle_is_not_waited_for(aided, family):
    requests = make_requests(family, 20)
    expected = run(aided, requests)
    kill(aided, 1)
    assert run(aided, requests) == expected
    assert run(aided, requests) == expected


def test_answers_that_nobody_waits_for_are_dropped_and_the_others_come(aided, family):
    requests = make_requests(family, 40, sampling=Sampling(60))
    expected = run(aided, requests)
    audience, outcomes = Audience(), {}
    for number, batch in enumerate(aided.run(requests, audience)):
        outcomes.update(batch)
        if number == 1:
            audience.gone.update(range(0, 40, 2))
    odd = range(1, 40, 2)
    assert [outcomes[place] for place in odd] == [expected[place] for place in odd]
    assert len(outcomes) < len(requests)
    assert run(aided, requests) == expected


def test_a_flush_that_is_left_does_not_disturb_the_next(aided, family):
    requests = make_requests(family, 40, sampling=Sampling(60))
    expected = run(aided, requests)
    for _ in range(3):
        flush = aided.run(requests[::-1], Audience())
        next(flush)
        flush.close()
    assert run(aided, requests) == expected


def test_what_is_followed_is_heard_as_it_grows(aided, family):
    requests = make_requests(family, 10, sampling=Sampling(60))
    news = [pair for batch in aided.run(requests, Audience(frozenset({3}))) for pair in batch]
    assert any(isinstance(what, Said) and place == 3 for place, what in news)
    done = {place: what for place, what in news if not isinstance(what, Said)}
    assert [done[place] for place in range(10)] == run(aided, requests)


def test_aides_end_when_the_runner_is_closed(aided):
    processes = [one._process for one in aided._aides]
    aided.close()
    assert all(process.returncode == 0 for process in processes)


@pytest.mark.parametrize("config", [ALONE, TWO.model_copy(update={"dtype": "bfloat16"})])
def test_nobody_is_hired_where_it_would_be_no_help_or_change_answers(config, hire, family):
    runner = hire(config)
    run(runner, make_requests(family, 20))
    assert not runner._aides


def test_nobody_is_hired_where_there_is_no_memory_for_it(hire, family, monkeypatch):
    monkeypatch.setattr(aides, "free_memory_of", lambda device: 2 * aides.PROCESS - 1)
    runner = hire()
    run(runner, make_requests(family, 20))
    assert not runner._aides


def test_nobody_is_hired_for_little(hire, family, monkeypatch):
    monkeypatch.setattr(aides, "_MUCH", 30)
    runner = hire()
    for _ in range(20):
        run(runner, make_requests(family, 3))
    run(runner, make_requests(family, 29))
    assert not runner._aides
    run(runner, make_requests(family, 4))
    assert runner._aides


numbers = st.floats(allow_nan=False)
samplings = st.builds(
    Sampling, st.integers(1, 10**6), st.floats(0, 9), st.floats(0, 1), st.integers(0, 2**63)
)
asked = st.builds(
    Request, st.builds(Blend, st.just("f"), st.lists(numbers).map(tuple)), st.text(), samplings
)


@given(st.lists(asked))
def test_requests_arrive_as_they_were_sent(requests):
    assert load_requests("f", json.loads(json.dumps(dump_requests(requests)))) == requests


@given(st.builds(Completion, st.text(), *[st.integers(0, 2**63)] * 2, st.booleans()))
def test_answers_arrive_as_they_were_sent(answer):
    assert load_outcome(json.loads(json.dumps(dump_outcome(answer)))) == answer


@pytest.mark.parametrize("failure", [CallFailed("no"), TooLong("much"), TooLong("")])
def test_failures_arrive_as_they_were_sent(failure):
    arrived = load_outcome(json.loads(json.dumps(dump_outcome(failure))))
    assert (type(arrived), str(arrived)) == (type(failure), str(failure))
