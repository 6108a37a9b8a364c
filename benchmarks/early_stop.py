"""How many dev items the lossless early stop spares, and that the search is the same without them.

    python benchmarks/early_stop.py [--tasks nlgraph] [--seeds 5] [--methods model-swarms,...]
        [--iterations 50] [--limit 20]

Each search is done twice, in full and with `early_stop`, over one memo; both swarms, their bests
and the best found must be the same after every iteration. `model-swarms` is the papers' setting (20
particles, patience 10), the others are the default's. A finished seed is a line of
results/early_stop.jsonl and is not done again.
"""

import argparse
import asyncio
import json
from typing import Any

import numpy as np
from workbench import AT_HAND, Cells, Workbench, add_options, opened, parse, results, write

from hswarm.config import SearchConfig, search_config
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.engines.usage import Usage
from hswarm.search.loop import search, settled
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.tally import Tally


def config_of(method: str, seed: int, iterations: int) -> SearchConfig:
    preset = "paper" if method == "model-swarms" else "default"
    most = {"max_iterations": iterations} if method == "model-swarms" else {}
    return search_config(preset, {"method": method, "seed": seed, **most})


async def follow(bench: Workbench, config: SearchConfig) -> tuple[list[str], Tally, int]:
    """Search; return all that decides where it went, what was spared, the tokens it generated."""
    roster, usage = Roster.of(bench.pool, config.weight.particles), Usage()
    tally = Tally(items=len(bench.task.dev))
    setting = Setting(
        roster=roster,
        examples=bench.task.dev,
        scorer=bench.task.scorer,
        sampling=Sampling(max_tokens=bench.task.max_tokens),
        config=settled(config, roster),
        engine=MemoEngine(bench.memo, usage=usage, keep=AT_HAND),
        tally=tally,
    )
    course: list[str] = []

    def checkpoint(state: SearchState) -> None:
        bench.memo.flush()
        swarms = [state.role, *state.weights]
        parts: list[Any] = [swarm.to_json() if swarm else None for swarm in swarms]
        found = state.found.to_json() if state.found else None
        course.append(json.dumps([*parts, found, state.stale]))

    await search(setting, checkpoint)
    return course, tally, usage.generated_tokens


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    cells = Cells(results(options) / "early_stop.jsonl")
    rows = []
    for task in options.tasks.split(","):
        async with opened(task, options) as bench:
            for method in options.methods.split(","):
                for seed in range(options.seeds):
                    key = f"{task} / {method} / {seed} / {options.iterations} / {options.limit}"
                    key += f" / {bench.pool.fingerprint[:12]} / {bench.task.fingerprint[:12]}"
                    row = cells.rows.get(key)
                    if row is None:
                        config = config_of(method, seed, options.iterations)
                        whole, _, tokens = await follow(bench, config)
                        early = config.model_copy(update={"early_stop": True})
                        part, tally, fewer = await follow(bench, early)
                        row = cells.add(
                            key,
                            task=task,
                            method=method,
                            seed=seed,
                            iterations=len(whole) - 1,
                            items=tally.runs,
                            spared=tally.spared,
                            tokens=tokens,
                            fewer=fewer,
                            same=part == whole,
                        )
                        share = tally.spared / tally.runs
                        print(task, method, seed, f"{share:.1%} spared, same: {row['same']}")
                    rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| task | method | seeds | items | spared | least | tokens spared | same |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task, method in dict.fromkeys((row["task"], row["method"]) for row in rows):
        own = [row for row in rows if (row["task"], row["method"]) == (task, method)]
        shares = [row["spared"] / row["items"] for row in own]
        tokens = [1 - row["fewer"] / row["tokens"] for row in own]
        lines.append(
            f"| {task} | {method} | {len(own)} | {np.mean([r['items'] for r in own]):,.0f} "
            f"| {np.mean(shares):.1%} | {min(shares):.1%} | {np.mean(tokens):.1%} "
            f"| {'yes' if all(row['same'] for row in own) else 'NO'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "early_stop")
    parser.set_defaults(tasks="nlgraph")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--methods", default="model-swarms,heterogeneous")
    parser.add_argument("--iterations", type=int, default=50, help="of model-swarms")
    options = parse(parser)
    write("early_stop", __doc__, table(asyncio.run(measure(options))), options)
