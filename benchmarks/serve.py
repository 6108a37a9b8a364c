"""What does serving cost, and what do requests at the same time gain from sharing batches?

    python benchmarks/serve.py [--questions 200] [--clients 32] [--threads N] [--write]

A tiny pipeline behind `hswarm serve`, its memo off. First the same questions one at a time and by
many clients at once; then each question over HTTP and by `Pipeline.answer` in turn, warm: the
server's own cost is the median of the differences.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import httpx2
from served import make_pipeline, questions, serving

import hswarm
from hswarm.config import EngineConfig

RESULT = Path(__file__).parent / "results" / "serve.json"
BARS = {"throughput_ratio": 5.0, "cost_share": 0.10, "cost_ms": 5.0}
PATH = "/v1/chat/completions"
WARM = 5


async def ask_all(url: str, bodies: list[dict], clients: int) -> tuple[list[str], float]:
    """Ask every question, so many at a time; return the answers and the seconds it took."""
    places = asyncio.Semaphore(clients)
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(base_url=url, timeout=600, limits=limits) as client:

        async def ask(body: dict) -> str:
            async with places:
                said = (await client.post(PATH, json=body)).raise_for_status().json()
                return said["choices"][0]["message"]["content"]

        await asyncio.gather(*map(ask, bodies[:WARM]))
        started = time.perf_counter()
        answers = await asyncio.gather(*map(ask, bodies))
        return answers, time.perf_counter() - started


def compare_with_direct(url: str, folder: Path, bodies: list[dict], threads: int) -> dict:
    """Time each question both ways, in turn."""
    engine = EngineConfig(threads=threads, memo=False)
    direct, served = [], []
    with hswarm.load(folder, engine=engine) as pipeline, httpx2.Client(base_url=url) as client:
        for body in bodies[:WARM] + bodies:
            question, chunks = body["messages"][0]["content"], body["context_chunks"]
            started = time.perf_counter()
            expected = pipeline.answer(question, context_chunks=chunks).answer
            middle = time.perf_counter()
            said = client.post(PATH, json=body, timeout=600).raise_for_status().json()
            ended = time.perf_counter()
            if said["choices"][0]["message"]["content"] != expected:
                raise RuntimeError(f"{question!r} is answered otherwise over HTTP")
            direct.append(middle - started)
            served.append(ended - middle)
    direct, served = direct[WARM:], served[WARM:]
    cost = statistics.median(b - a for a, b in zip(direct, served, strict=True))
    return {
        "direct_ms": round(1e3 * statistics.median(direct), 2),
        "served_ms": round(1e3 * statistics.median(served), 2),
        "cost_ms": round(1e3 * cost, 2),
        "cost_share": round(cost / statistics.median(direct), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    bodies = questions(options.questions)
    with tempfile.TemporaryDirectory() as place:
        folder = make_pipeline(Path(place))
        with serving(folder, options.threads) as server:
            alone, slow = asyncio.run(ask_all(server.url, bodies, 1))
            together, fast = asyncio.run(ask_all(server.url, bodies, options.clients))
            if alone != together:
                raise RuntimeError("answers depend on who else asks")
            cost = compare_with_direct(server.url, folder, bodies, options.threads)
    figures = {
        "questions": len(bodies),
        "clients": options.clients,
        "threads": options.threads,
        "one_at_a_time_per_second": round(len(bodies) / slow, 2),
        "together_per_second": round(len(bodies) / fast, 2),
        "throughput_ratio": round(slow / fast, 2),
        **cost,
        "bars": BARS,
    }
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
