"""vLLM for real, on a CPU: `make test-vllm`. Its greedy answers are the transformers engine's."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time

import pytest

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, BatchingEngine
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.openai import open_openai
from hswarm.engines.request import Blend, CallFailed, Request, Sampling
from hswarm.engines.transformers import TransformersRunner
from hswarm.errors import HswarmError
from hswarm.testing.engines import EngineContract, run

pytestmark = pytest.mark.vllm

ARCHITECTURES = ("llama-32", "qwen3-32", "gemma-32")
ROWS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.8, -0.3), ())
GREEDY = Sampling(12)
CONFIG = EngineConfig(name="vllm", dtype="float32", threads=1)


def make_requests(family, count, *, sampling=GREEDY, longest=30, rows=ROWS, seed=0):
    rng = random.Random(seed)
    return [
        Request(
            Blend(family.fingerprint, rows[k % len(rows)]),
            " ".join(f"w{rng.randrange(5, 64):02}" for _ in range(rng.randrange(1, longest))),
            sampling,
        )
        for k in range(count)
    ]


def reference(family, requests):
    return run(TransformersRunner(family, EngineConfig(device="cpu", threads=1)), requests)


@pytest.fixture(scope="module")
def runners(make_family):
    """One engine for each architecture, started once."""
    from hswarm.engines.vllm import VllmRunner

    made = {}

    def runner_of(architecture):
        if architecture not in made:
            made[architecture] = VllmRunner(
                make_family(architecture), CONFIG, families=len(ARCHITECTURES)
            )
        return made[architecture]

    yield runner_of
    for runner in made.values():
        runner.close()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_blends_in_one_batch_say_what_the_transformers_engine_says(
    architecture, runners, make_family
):
    family = make_family(architecture)
    requests = make_requests(family, 40)
    expected = reference(family, requests)
    assert len({answer.text for answer in expected}) > 20
    assert any(not answer.truncated for answer in expected)
    assert run(runners(architecture), requests) == expected


def test_blends_come_and_go(runners, make_family, monkeypatch):
    """Far more blends than are kept, some of them asked for again after they were dropped."""
    family, runner = make_family("llama-32"), runners("llama-32")
    monkeypatch.setattr("hswarm.engines.vllm._KEPT", 1)
    rng = random.Random(1)
    rows = [tuple(round(rng.gauss(0.4, 0.5), 2) for _ in range(3)) for _ in range(20)]
    for start in (0, 5, 10, 0, 12):
        some = make_requests(family, 20, rows=rows[start : start + 8], seed=start)
        assert run(runner, some) == reference(family, some)
        folders = list(runner._folder.iterdir())
        assert len(folders) == len(runner._loaded) <= runner._slots


def test_a_flush_may_hold_more_blends_than_share_a_pass(runners, make_family, monkeypatch):
    family, runner = make_family("llama-32"), runners("llama-32")
    rows = [(k / 10, 1 - k / 10, 0.1) for k in range(3 * runner._slots)]
    requests = make_requests(family, len(rows), rows=rows)
    assert run(runner, requests) == reference(family, requests)


def test_who_stops_listening_leaves_the_engine_as_it_was(runners, make_family):
    family, runner = make_family("llama-32"), runners("llama-32")
    requests = make_requests(family, 12, sampling=Sampling(40))
    answers = runner.run(requests, Audience())
    next(answers)
    next(answers)
    answers.close()
    assert not runner._engine.has_unfinished_requests()
    assert run(runner, requests) == reference(family, requests)


def test_what_cannot_be_run_is_refused_alone(runners, make_family):
    family, runner = make_family("llama-32"), runners("llama-32")
    good = make_requests(family, 2)
    bad = [
        Request(Blend(family.fingerprint, (1.0,)), "w10", Sampling(4)),
        Request(Blend(family.fingerprint, (1.0, float("nan"), 0.0)), "w10", Sampling(4)),
        Request(Blend(family.fingerprint, ROWS[0]), "w10 " * 500, Sampling(4)),
    ]
    answers = run(runner, [*bad, *good])
    assert all(isinstance(answer, CallFailed) for answer in answers[:3])
    assert answers[3:] == reference(family, good)
    with pytest.raises(HswarmError, match="No engine at hand"):
        run(runner, [Request(Blend("who", (1.0,)), "w10", Sampling(4))])


def test_a_device_that_this_build_does_not_run_on(make_family):
    from hswarm.engines.vllm import VllmRunner

    with pytest.raises(HswarmError, match="runs on cpu"):
        VllmRunner(make_family("llama-32"), EngineConfig(name="vllm", device="cuda"))


class TestVllm(EngineContract):
    @pytest.fixture(autouse=True)
    def _open(self, runners, make_family):
        self.runner, self.family = runners("llama-32"), make_family("llama-32")

    def open_engine(self):
        return BatchingEngine(self.runner)

    def requests(self):
        return make_requests(self.family, 10)

    def hopeless(self):
        return Request(Blend(self.family.fingerprint, (1.0,)), "w10", Sampling(4))


@pytest.fixture(scope="module")
def server(make_family):
    """vLLM's own OpenAI-compatible server, over the base of a family; its URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    options = {
        "model": make_family("llama-32").base,
        "served-model-name": "served",
        "dtype": "float32",
        "port": port,
        "kv-cache-memory-bytes": 2**27,
        "block-size": 32,
        "generation-config": "vllm",
    }
    arguments = [part for key, value in options.items() for part in (f"--{key}", str(value))]
    environment = {**os.environ, "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}
    serving = subprocess.Popen([*command, *arguments, "--enforce-eager"], env=environment)
    try:
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert serving.poll() is None
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        serving.terminate()
        serving.wait()


def test_the_client_of_remote_models_meets_vllms_own_server(server, make_family):
    family = make_family("llama-32")
    local = make_requests(family, 20, rows=((),))
    endpoint = Endpoint(
        base_url=server,
        model="served",
        price={"prompt": 1.0, "generated": 2.0},
        timeout=120.0,
        # The ends of a tiny model's answers are no words that a server would know by itself.
        parameters={"stop_token_ids": [3, 4, 20, 33]},
    )
    far = [Request(endpoint.reference, request.prompt, request.sampling) for request in local]

    async def ask():
        engine = open_openai("served", endpoint)
        answers = await asyncio.gather(*map(engine.generate, far))
        await engine.aclose()
        return answers

    answers = asyncio.run(ask())
    assert [answer.text for answer in answers] == [
        answer.text for answer in reference(family, local)
    ]
    for answer, expected in zip(answers, reference(family, local), strict=True):
        assert answer.prompt_tokens == expected.prompt_tokens
        assert answer.generated_tokens == expected.generated_tokens
        assert answer.picodollars == 10**6 * (answer.prompt_tokens + 2 * answer.generated_tokens)
