"""Aides, real processes: the same answers as without, whatever becomes of them."""

import gc
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, BatchingEngine, Said
from hswarm.engines.request import Blend, CallFailed, Completion, Request, Sampling, TooLong
from hswarm.engines.transformers import AidedRunner, TransformersRunner, aides
from hswarm.engines.transformers.aide import (
    FAMILY,
    dump_outcome,
    dump_requests,
    load_outcome,
    load_requests,
)
from hswarm.errors import HswarmError
from hswarm.testing.engines import EngineContract, run

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


@pytest.fixture(scope="module")
def family(make_family):
    return make_family("qwen3")


@pytest.fixture(scope="module", autouse=True)
def _two_aides_for_little():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aides, "_FEW", 4)
        patch.setattr(aides, "_MUCH", 1)
        patch.setattr(aides, "free_memory_of", lambda device: 2 * aides.PROCESS)
        yield


@pytest.fixture
def hired():
    return []


@pytest.fixture
def hire(family, hired):
    """Return a runner for `family` that is to have aides soon."""

    def start(config=TWO):
        hired.append(AidedRunner(TransformersRunner(family, config), family, config))
        return hired[-1]

    yield start
    for runner in hired:
        runner.close()


def wait(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def get_ready(runner, family):
    run(runner, make_requests(family, 4))
    assert len(runner._aides) == 2
    wait(lambda: all(one.ready for one in runner._aides))
    return runner


@pytest.fixture
def mortal(hire, family):
    """A runner with two aides that are ready, to be killed."""
    return get_ready(hire(), family)


@pytest.fixture(scope="module")
def aided(family):
    """A runner with two aides that are ready, the same one for all."""
    runner = AidedRunner(TransformersRunner(family, TWO), family, TWO)
    yield get_ready(runner, family)
    assert len(runner._aides) == 2
    runner.close()


@pytest.fixture
def nobody_here(monkeypatch):
    """Whatever is not answered by aides is not answered."""

    def run(self, requests, audience):
        raise AssertionError("answered here")
        yield

    monkeypatch.setattr(TransformersRunner, "run", run)


def kill(runner, *who):
    for number in who:
        os.kill(runner._aides[number]._process.pid, signal.SIGKILL)


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


@pytest.mark.parametrize("who", [(1,), (0, 1)])
@pytest.mark.parametrize("when", [0, 3])
def test_who_is_killed_at_work_leaves_nothing_undone(mortal, family, who, when):
    requests = make_requests(family, 80, sampling=Sampling(20))
    expected = run(TransformersRunner(family, ALONE), requests)
    outcomes = []
    for number, batch in enumerate(mortal.run(requests, Audience())):
        if number == when:
            kill(mortal, *who)
        outcomes += batch
    assert len(outcomes) == len(requests)
    assert [outcome for _, outcome in sorted(outcomes, key=lambda pair: pair[0])] == expected
    assert not mortal._aides
    assert run(mortal, requests) == expected


def test_who_is_killed_while_idle_is_not_waited_for(mortal, family):
    requests = make_requests(family, 20)
    expected = run(mortal, requests)
    kill(mortal, 1)
    wait(lambda: mortal._aides[1].ended)
    assert run(mortal, requests) == expected
    assert not mortal._aides


def test_an_aide_that_cannot_load_its_model_is_done_without(hire, family, monkeypatch):
    monkeypatch.setattr(aides, "_COMMAND", (sys.executable, "-c", "print('no line of JSON')"))
    runner = hire()
    requests = make_requests(family, 20)
    expected = run(runner, requests)
    wait(lambda: all(one.ended for one in runner._aides))
    assert run(runner, requests) == expected
    assert not runner._aides


def test_aides_that_cannot_be_started_are_done_without(hire, family, monkeypatch):
    monkeypatch.setattr(aides, "_COMMAND", ("/no/such/program",))
    runner = hire()
    requests = make_requests(family, 20)
    assert run(runner, requests) == run(TransformersRunner(family, ALONE), requests)
    assert not runner._aides


def test_an_aide_that_stands_still_can_be_left(mortal, family):
    os.kill(mortal._aides[0]._process.pid, signal.SIGSTOP)
    flush = mortal.run(make_requests(family, 20), Audience())
    quiet = 0
    while quiet < 3:
        quiet = 0 if next(flush) else quiet + 1
    flush.close()


def test_answers_that_nobody_waits_for_are_dropped_and_the_others_come(aided, family):
    requests = make_requests(family, 40, sampling=Sampling(200))
    expected = run(aided, requests)
    audience, outcomes = Audience(), {}
    for number, batch in enumerate(aided.run(requests, audience)):
        outcomes.update(batch)
        if number == 0:
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


def test_aides_end_when_the_runner_is_closed(mortal):
    processes = [one._process for one in mortal._aides]
    mortal.close()
    assert all(process.returncode is not None for process in processes)


def test_aides_end_when_nobody_has_the_runner_any_more(family, hire, hired):
    run(hire(), make_requests(family, 4))
    processes = [one._process for one in hired[0]._aides]
    assert len(processes) == 2
    hired.clear()
    gc.collect()
    wait(lambda: all(process.poll() is not None for process in processes))


def test_an_aide_ends_when_nobody_writes_to_it_any_more(family):
    """As when the process that it belongs to is killed, and has no time to say so."""
    process = subprocess.Popen(aides._COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = process.communicate(
        json.dumps(
            {
                "family": FAMILY.dump_python(family, mode="json"),
                "config": ALONE.model_dump(mode="json"),
                "count": 2,
            }
        ).encode()
        + b"\n",
        timeout=120,
    )
    assert said[0] in {b"", b'{"ready": true}\n'}
    assert process.returncode == 0


@pytest.mark.parametrize("count", [1, 20])
def test_what_is_for_others_is_refused(count, aided):
    with pytest.raises(HswarmError, match="No engine at hand"):
        run(aided, [Request(Blend("0" * 64, ()), "w07", Sampling(3))] * count)


class TestAidedContract(EngineContract):
    @pytest.fixture(autouse=True)
    def _runner(self, aided, family):
        self.family = family
        self.run = aided.run

    def open_engine(self):
        return BatchingEngine(SimpleNamespace(run=self.run))  # not to be closed with the engine

    def requests(self):
        return make_requests(self.family, 6)

    def hopeless(self):
        return replace(self.requests()[0], prompt="w07 " * 5_000)


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
    assert load_requests("f", json.loads(json.dumps(dump_requests("f", requests)))) == requests


@given(st.builds(Completion, st.text(), *[st.integers(0, 2**63)] * 2, st.booleans()))
def test_answers_arrive_as_they_were_sent(answer):
    assert load_outcome(json.loads(json.dumps(dump_outcome(answer)))) == answer


@pytest.mark.parametrize("failure", [CallFailed("no"), TooLong("much"), TooLong("")])
def test_failures_arrive_as_they_were_sent(failure):
    arrived = load_outcome(json.loads(json.dumps(dump_outcome(failure))))
    assert (type(arrived), str(arrived)) == (type(failure), str(failure))
