"""Tokens per second of vLLM against the transformers engine, and of hswarm against bare vLLM.

    python benchmarks/engines.py [--size 30m|1b|7b] [--requests 200] [--threads N] [--write]

The workload of `benchmarks/engine.py`: ten experts of rank 8, as many prompts for each, 32 new
tokens, greedy. Three ways: hswarm over the transformers engine, hswarm over vLLM, and vLLM's own
batch API (`LLM.generate` with the same prompts and adapters). The first has a process of its own;
the other two share one, and one engine, so that they differ in nothing else. All take turns, the
last two in changing order, so that they meet the same load. vLLM's cache of prompts is emptied
before each round. float32 on a CPU, bfloat16 on a GPU. It needs vLLM (`make .venv-vllm/tests`) and
runs on whatever device that was built for.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from hswarm.engines.allocator import share_one_arena

share_one_arena()  # first of all, as the command line does

import torch

sys.path.insert(0, str(Path(__file__).parent))
from engine import SHAPES, random_family, requests_of

from hswarm.config import EngineConfig
from hswarm.engines.batching import BatchingEngine, Runner
from hswarm.engines.local import load_runner
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Request
from hswarm.engines.router import RouterEngine
from hswarm.experts.family import Family

RESULT = Path(__file__).parent / "results" / "engines.json"
MAX_TOKENS, BAR = 32, 0.95
TRANSFORMERS, VLLM, BARE = "hswarm over transformers", "hswarm over vllm", "vllm alone"
WAYS = {TRANSFORMERS: ("transformers", "transformers"), VLLM: ("vllm", "vllm")}
WAYS |= {BARE: ("vllm", "alone")}
"""Way -> process that has its engine, and what that is told."""


def through_hswarm(runner: Runner, family: Family, requests: list[Request]):
    """Return what answers the requests as a search does: memo, router, batching, runner.

    As in a search all but the memo last: what a thread has learned of its products stays.
    """
    batching = BatchingEngine(runner)
    loop = asyncio.Runner()

    async def answer() -> list[tuple[str, int]]:
        memo = MemoEngine(RouterEngine({family.fingerprint: batching}))
        completions = await asyncio.gather(*map(memo.generate, requests))
        return [(completion.text, completion.generated_tokens) for completion in completions]

    return lambda: loop.run(answer())


def alone(runner: Runner, requests: list[Request]):
    """Return what answers the requests with vLLM's own API: prompts and adapters are at hand."""
    prompts = [
        {"prompt_token_ids": tokens}
        for tokens in runner._prompts.encode([request.prompt for request in requests])
    ]
    adapters = [runner._load(request.model.row) for request in requests]
    lengths = [len(prompt["prompt_token_ids"]) for prompt in prompts]
    parameters = [runner._parameters(r, n) for r, n in zip(requests, lengths, strict=True)]

    def answer() -> list[tuple[str, int]]:
        outputs = runner._llm.generate(prompts, parameters, lora_request=adapters, use_tqdm=False)
        said = [list(output.outputs[0].token_ids) for output in outputs]
        bare = [tokens[: len(tokens) - (tokens[-1] in runner._ends)] for tokens in said]
        return list(zip(runner._prompts.decode(bare), map(len, said), strict=True))

    return answer


def work(
    name: str, family: Family, requests: list[Request], threads: int, line: Connection
) -> None:
    """A process: answers all requests in the way it is told, and says how long it took."""
    torch.set_num_threads(threads)
    runner = load_runner([family], EngineConfig(name=name, threads=threads))
    ways = {name: through_hswarm(runner, family, requests)}
    if name == "vllm":
        runner = runner._runners[family.fingerprint]
        ways["alone"] = alone(runner, requests)
    line.send(None)
    while (way := line.recv()) is not None:
        if name == "vllm":
            runner._engine.reset_prefix_cache()
        begun = time.perf_counter()
        answers = ways[way]()
        line.send((time.perf_counter() - begun, answers))


def measure(family: Family, requests: list[Request], threads: int, rounds: int):
    """Return seconds per round by way, the tokens, and how many answers differ from the first's.

    One round goes unmeasured.
    """
    context = multiprocessing.get_context("spawn")
    lines = {}
    for name in ("transformers", "vllm"):
        lines[name], theirs = context.Pipe()
        arguments = (name, family, requests, threads, theirs)
        context.Process(target=work, args=arguments, daemon=True).start()
        lines[name].recv()
        print(f"{name}: ready", flush=True)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    expected: list[tuple[str, int]] = []
    different = dict.fromkeys(WAYS, 0)
    for turn in range(rounds + 1):
        for way in ((TRANSFORMERS, VLLM, BARE), (TRANSFORMERS, BARE, VLLM))[turn % 2]:
            name, told = WAYS[way]
            lines[name].send(told)
            took, answers = lines[name].recv()
            expected = expected or answers
            different[way] = sum(a != b for a, b in zip(answers, expected, strict=True))
            if turn:
                seconds[way].append(took)
                print(f"round {turn}, {way}: {took:.2f} s", flush=True)
    for line in lines.values():
        line.send(None)
    return seconds, sum(tokens for _, tokens in expected), different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=[*SHAPES], default="30m")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        family = random_family(Path(folder), options.size)
        requests = [
            replace(request, sampling=replace(request.sampling, max_tokens=MAX_TOKENS))
            for request in requests_of(family, options.requests)
        ]
        seconds, tokens, different = measure(family, requests, options.threads, options.rounds)
    ratios = {
        "vllm_to_transformers": [
            a / b for a, b in zip(seconds[TRANSFORMERS], seconds[VLLM], strict=True)
        ],
        "hswarm_to_vllm_alone": [a / b for a, b in zip(seconds[BARE], seconds[VLLM], strict=True)],
    }
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    figures = {
        "size": options.size,
        "requests": options.requests,
        "generated_tokens": tokens,
        "experts": len(family),
        "threads": options.threads,
        "machine": {
            "cpus": os.cpu_count(),
            "arch": platform.machine(),
            "gpu": gpu,
            "torch": torch.__version__,
        },
        "seconds": {way: [round(s, 2) for s in took] for way, took in seconds.items()},
        "tokens_per_second": {
            way: round(tokens / statistics.median(took)) for way, took in seconds.items()
        },
        "answers_unlike_the_transformers_engines": different,
        **{name: round(statistics.median(values), 3) for name, values in ratios.items()},
        "bar": BAR,
    }
    print(json.dumps(figures, indent=2))
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
