"""Does a server under load lose an answer, give a wrong one, leak memory or keep a slot?

    python benchmarks/soak.py [--seconds 600] [--clients 64] [--drop 0.05] [--questions 200]
                              [--threads N] [--write]

Clients stream answers without a pause; some leave in the middle of one. At half time the server is
told to stop (SIGTERM) and started again on the same port. An answer is lost if its stream had begun
and did not end. Who finds no server, or is turned away, asks again, as clients do.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from served import Server, free_port, make_pipeline, questions

import hswarm
from hswarm.config import EngineConfig

RESULT = Path(__file__).parent / "results" / "soak.json"
BARS = {"wrong": 0, "lost": 0, "memory_deviation": 0.05, "in_flight": 0, "queue": 0}
GAUGES = ("in_flight", "queue")
SETTLED = 60.0
"""Seconds after which memory is to stay where it is; a tenth of a short test."""


@dataclass
class Tally:
    right: int = 0
    wrong: int = 0
    lost: int = 0
    dropped: int = 0
    asked_again: int = 0
    complaints: list[str] = field(default_factory=list)


async def ask(client: httpx2.AsyncClient, body: dict, expected: str, leave: bool, tally: Tally):
    """Stream one answer, to its end or not; ask again until the server takes the question."""
    while True:
        begun = False
        try:
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                if response.status_code in {429, 503}:
                    tally.asked_again += 1
                    await asyncio.sleep(float(response.headers.get("retry-after", 1)))
                    continue
                response.raise_for_status()
                text, ended = "", False
                async for line in response.aiter_lines():
                    begun = True
                    if leave:
                        tally.dropped += 1
                        return
                    if line == "data: [DONE]":
                        ended = True
                    elif line:
                        choices = json.loads(line.removeprefix("data: "))["choices"]
                        text += choices[0]["delta"].get("content") or ""
        except httpx2.TransportError as error:
            if begun:
                tally.lost += 1
                tally.complaints.append(repr(error))
                return
            tally.asked_again += 1
            await asyncio.sleep(0.2)
            continue
        if not ended:
            tally.lost += 1
        elif text != expected:
            tally.wrong += 1
            tally.complaints.append(f"{text!r} instead of {expected!r}")
        else:
            tally.right += 1
        return


async def crowd(url: str, bodies: list[dict], answers: list[str], options, tally: Tally):
    """Ask without a pause until the time is over, each client in its own order."""
    ending = time.monotonic() + options.seconds
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=options.clients)

    async def behave(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < ending:
            place = rng.randrange(len(bodies))
            await ask(client, bodies[place], answers[place], rng.random() < options.drop, tally)

    async with httpx2.AsyncClient(base_url=url, timeout=600, limits=limits) as client:
        await asyncio.gather(*map(behave, range(options.clients)))


async def sample(servers: list[Server], memory: list[list[tuple[float, float]]]) -> None:
    """Note (seconds since its start, MB) of the server that runs, every second."""
    while True:
        if len(memory) == len(servers):
            memory[-1].append((time.monotonic(), servers[-1].memory()))
        await asyncio.sleep(1)


async def soak(folder: Path, bodies: list[dict], answers: list[str], options) -> dict:
    port = free_port()
    servers = [await asyncio.to_thread(Server, folder, port, options.threads)]
    memory: list[list[tuple[float, float]]] = [[]]
    tally = Tally()
    sampling = asyncio.create_task(sample(servers, memory))
    asking = asyncio.create_task(crowd(servers[0].url, bodies, answers, options, tally))
    await asyncio.sleep(options.seconds / 2)
    memory.append([])
    said = await asyncio.to_thread(servers[0].stop)
    servers.append(await asyncio.to_thread(Server, folder, port, options.threads))
    await asking
    sampling.cancel()
    # Of the clients that left last the server may not know yet.
    await asyncio.sleep(1)
    gauges = {n: await asyncio.to_thread(servers[1].gauge, f"hswarm_{n}") for n in GAUGES}
    said += await asyncio.to_thread(servers[1].stop)
    return {
        "right": tally.right,
        "wrong": tally.wrong,
        "lost": tally.lost,
        "dropped": tally.dropped,
        "asked_again": tally.asked_again,
        "complaints": (tally.complaints + said.splitlines())[:10],
        "memory_mb": [round(statistics.median(mb for _, mb in life)) for life in memory],
        "memory_deviation": round(max(deviation(life, options.seconds) for life in memory), 4),
        **gauges,
    }


async def answer_all(pipeline, bodies: list[dict]) -> list[str]:
    """Return the right answers: the pipeline's own, without a server."""
    asked = (
        pipeline.respond(body["messages"][0]["content"], context_chunks=body["context_chunks"])
        for body in bodies
    )
    return [transcript.answer for transcript in await asyncio.gather(*asked)]


def deviation(life: list[tuple[float, float]], seconds: float) -> float:
    """Return how far a server's memory strays from its median once it has settled, as a share."""
    settled = life[0][0] + min(SETTLED, seconds / 10)
    values = [mb for when, mb in life if when >= settled]
    middle = statistics.median(values)
    return max(abs(mb - middle) for mb in values) / middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--drop", type=float, default=0.05)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    bodies = [{**body, "stream": True} for body in questions(options.questions)]
    with tempfile.TemporaryDirectory() as place:
        folder = make_pipeline(Path(place))
        with hswarm.load(folder, engine=EngineConfig(threads=options.threads)) as pipeline:
            answers = asyncio.run(answer_all(pipeline, bodies))
        figures = asyncio.run(soak(folder, bodies, answers, options))
    figures = {**{k: getattr(options, k) for k in ("seconds", "clients", "drop")}, **figures}
    print(json.dumps({**figures, "bars": BARS}, indent=1))
    if options.write:
        RESULT.write_text(json.dumps({**figures, "bars": BARS}, indent=1) + "\n")


if __name__ == "__main__":
    main()
