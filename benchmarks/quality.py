"""What is found against hand-made systems: is it worth a search? Five seeds on the bundled tasks.

    python benchmarks/quality.py [--tasks gaia-text,nlgraph] [--seeds 5] [--limit 20]

The default search against the best single model, the best of 20 random chains and the best of 20
random stars, other ones with every seed, all chosen on dev and compared on test; and against the
best graph known, where `headroom.py` has looked for it: which part of the way from the best single
model to it was found, at which part of its generated tokens. A finished seed is a line of
results/quality.jsonl and is not done again; the memo is in --folder. Writes results/quality.md.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from headroom import LONG
from workbench import Cells, Workbench, add_options, log_look, opened, over_seeds, results, write

from hswarm.analysis.statistics import compare
from hswarm.config import search_config
from hswarm.graph.dag import LONE
from hswarm.graph.shapes import SHAPES
from hswarm.search.found import Candidate, best_of
from hswarm.swarm.random import generator

PERMUTATIONS = 20
RIVALS = ("best single", "chains", "stars")
Row = dict[str, Any]


async def choose(bench: Workbench, seed: int) -> list[Candidate]:
    """Return the best on dev of the single models, of chains and of stars."""
    roster = bench.roster
    rows = roster.original_rows()
    fields = [[Candidate.place(LONE, [k], rows) for k in range(len(roster))]]
    for shape in ("chain", "star"):
        orders = [
            generator(seed, f"quality {shape}", k).permutation(len(roster)).tolist()
            for k in range(PERMUTATIONS)
        ]
        fields.append(
            [Candidate.place(SHAPES[shape](order), range(len(roster)), rows) for order in orders]
        )
    chosen = []
    for field in fields:
        dev = await bench.score(field, bench.task.dev)
        chosen.append(best_of(field, [evaluation.utility for evaluation in dev]).candidate)
    return chosen


async def measure(task: str, seed: int, bench: Workbench, options: argparse.Namespace) -> Row:
    found = await bench.search(search_config("default", {"seed": seed}), None)
    rivals = await choose(bench, seed)
    log_look("quality", {"task": task, "variant": "default", "seed": seed}, bench, options)
    systems = [Candidate.from_json(found["found"]), *rivals]
    own, *others = await bench.score(systems, bench.unseen)
    bench.memo.flush()
    return {
        "task": task,
        "seed": seed,
        **found,
        "test": own.utility,
        "rivals": {
            name: {"test": other.utility, "p": compare(own.scores, other.scores).p_value}
            for name, other in zip(RIVALS, others, strict=True)
        },
    }


async def run(options: argparse.Namespace) -> list[Row]:
    cells = Cells(results(options) / "quality.jsonl")
    rows = []
    for task in options.tasks.split(","):
        async with opened(task, options) as bench:
            for seed in range(options.seeds):
                pool, data = bench.pool.fingerprint[:12], bench.task.fingerprint[:12]
                key = f"{task} / {pool} / {data} / {seed}"
                row = cells.rows.get(key)
                if row is None:
                    row = cells.add(key, **await measure(task, seed, bench, options))
                    print(key, f"dev {row['dev']:.3f}, test {row['test']:.3f}", flush=True)
                rows.append(row)
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return every seed's test scores, with p-values by McNemar's test."""
    rivals = [f"{name} | p" for name in RIVALS]
    head = f"| task | seed | tokens | dev | test | {' | '.join(rivals)} |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for row in rows:
        others = " | ".join(
            f"{row['rivals'][k]['test']:.3f} | {row['rivals'][k]['p']:.1e}" for k in RIVALS
        )
        lines.append(
            f"| {row['task']} | {row['seed']} | {row['tokens']:,} | {row['dev']:.3f} "
            f"| {row['test']:.3f} | {others} |"
        )
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Row], known: dict[str, Row]) -> str:
    """Return what is left over seeds, and the part of the head-room that was found."""
    head = (
        "| task | found | bias | over the best single | over 20 chains | over 20 stars "
        "| best graph known | head-room found | tokens, of its search's |"
    )
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    shares = []
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        mean = float(np.mean([row["test"] for row in own]))
        bias = float(np.mean([row["dev"] - row["test"] for row in own]))
        cells = [task, f"{mean:.3f}", f"{bias:+.3f}"]
        for name in RIVALS:
            gain, span, _ = over_seeds([row["test"] - row["rivals"][name]["test"] for row in own])
            cells.append(f"{gain:+.3f} ({span.low:+.3f} … {span.high:+.3f})")
        if task in known:
            best = known[task]["test"]
            single = float(np.mean([row["rivals"]["best single"]["test"] for row in own]))
            shares.append((mean - single) / (best - single))
            tokens = float(np.mean([row["tokens"] for row in own])) / known[task]["dev_tokens"]
            cells += [f"{best:.3f}", f"{shares[-1]:.2f}", f"{tokens:.1%}"]
        else:
            cells += [""] * 3
        lines.append("| " + " | ".join(cells) + " |")
    if shares:
        lines += ["", f"Head-room found, mean over these tasks: {np.mean(shares):.2f}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    rows = asyncio.run(run(options))
    of_long = {
        row["task"]: row
        for row in Cells(results(options) / "headroom.jsonl").rows.values()
        if row["row"] == LONG
    }
    write("quality", __doc__, f"{summary(rows, of_long)}\n{table(rows)}", options)
