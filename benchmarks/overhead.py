"""How much of a run's time is spent outside the engine?

    python benchmarks/overhead.py [--task gaia-text] [--limit N] [--iterations 2] [--write]

A whole run, the comparison with single models, chains and stars included. Time in the engine is
what its runner took for the requests it answered: tokenising, forward passes, decoding.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from hswarm.api import Watch, configure, start

RESULT = Path(__file__).parent / "results" / "overhead.json"
BAR = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="gaia-text")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    config = configure(
        options.task,
        pool="tiny",
        method="heterogeneous",
        preset="default",
        seed=0,
        limit=options.limit,
        max_iterations=options.iterations,
    )
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        began: list[float] = []
        watch.begun = lambda *_: began.append(time.perf_counter())
        result = start(config, Path(folder) / "run", watch)
        wall = time.perf_counter() - began[0]
    work = watch.usage.work
    outside = 1.0 - work.seconds / wall
    figures = {
        "task": result.task,
        "wall_seconds": round(wall, 2),
        "engine_seconds": round(work.seconds, 2),
        "outside_share": round(outside, 4),
        "requests_answered": result.total.answered,
        "requests_generated": result.total.generated,
        "requests_run_by_the_engine": work.requests,
        "bar": BAR,
    }
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
