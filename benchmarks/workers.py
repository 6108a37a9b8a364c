"""How a flush scales over workers, with models that only sleep, so that cores do not limit.

    python benchmarks/workers.py [--workers 8] [--requests 800] [--per-token 0.001] [--write]

Each worker is a process under Ray, as with `hswarm optimize --workers N`. What is measured is what
Ray and the dealing out cost, as time per flush with one worker against N, taking turns.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience
from hswarm.engines.ray import RayRunner
from hswarm.engines.request import Blend, Request, Sampling
from hswarm.testing.sleeping import load_sleeping

RESULT = Path(__file__).parent / "results" / "workers.json"
SHARE = 0.875
"""Of as many times as fast as there are workers: 7 of 8."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--requests", type=int, default=800)
    parser.add_argument("--per-token", type=float, default=0.001)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    # Ray starts with the first; the others join.
    runners = {
        count: RayRunner(load_sleeping, options.per_token, EngineConfig(workers=count))
        for count in (1, options.workers)
    }
    seconds: dict[int, list[float]] = {count: [] for count in runners}
    expected = None
    for turn in range(options.rounds + 1):
        requests = [
            Request(Blend("f", (1.0, k / 7)), f"round {turn}, prompt {k}", Sampling(32))
            for k in range(options.requests)
        ]
        expected = None
        for count, runner in runners.items():
            begun = time.perf_counter()
            answers = dict(pair for batch in runner.run(requests, Audience()) for pair in batch)
            took = time.perf_counter() - begun
            expected = expected or answers
            assert answers == expected
            if turn:
                seconds[count].append(took)
                print(f"round {turn}, {count} workers: {took:.2f} s", flush=True)
    for runner in reversed(runners.values()):
        runner.close()
    speed_up = statistics.median(
        one / many for one, many in zip(seconds[1], seconds[options.workers], strict=True)
    )
    figures = {
        "workers": options.workers,
        "requests": options.requests,
        "per_token": options.per_token,
        "seconds": {count: [round(s, 2) for s in took] for count, took in seconds.items()},
        "speed_up": round(speed_up, 2),
        "bar": SHARE * options.workers,
    }
    print(json.dumps(figures, indent=2))
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
