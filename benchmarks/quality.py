"""What is found against hand-made systems: is it worth a search? Five seeds on the bundled tasks.

    python benchmarks/quality.py [--tasks gaia-text,nlgraph] [--seeds 5] [--limit 20]

The default search against the best single model, the best of 20 random chains and the best of 20
random stars, other ones with every seed, all chosen on dev and compared on test; and against the
best graph known, where `headroom.py` has looked for it: which part of the way from the best single
model to it was found, at which part of its generated tokens. A finished seed is a line of
results/quality.jsonl and is not done again; the memo is in --folder. Writes results/quality.md and,
as a picture, docs/headroom.svg.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from headroom import LONG
from matplotlib.figure import Figure
from verdicts import Gain, grid, line
from workbench import (
    Cells,
    Workbench,
    add_options,
    cell_key,
    log_look,
    opened,
    parse,
    publish,
    results,
    shorten,
    write,
)

from hswarm.analysis.statistics import compare
from hswarm.config import search_config
from hswarm.figures.look import BLUE, FAINT, INK, PAGE, figure, new_figure
from hswarm.graph.dag import LONE
from hswarm.graph.shapes import SHAPES
from hswarm.search.found import Candidate, Found, best_of
from hswarm.swarm.random import generator

PERMUTATIONS = 20
RIVALS = ("best single", "chains", "stars")
STEPS = {"start": "the start", "role": "role-steps", "weight": "weight-steps", "move": "moves"}
Row = dict[str, Any]


async def choose(bench: Workbench, seed: int) -> list[Found]:
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
        chosen.append(best_of(field, [evaluation.utility for evaluation in dev]))
    return chosen


async def measure(task: str, seed: int, bench: Workbench, options: argparse.Namespace) -> Row:
    found = await bench.search(search_config("default", {"seed": seed}), None)
    rivals = await choose(bench, seed)
    log_look("quality", {"task": task, "variant": "default", "seed": seed}, bench, options)
    systems = [Candidate.from_json(found["found"]), *(rival.candidate for rival in rivals)]
    own, *others = await bench.score(systems, bench.unseen)
    bench.memo.flush()
    return {
        "task": task,
        "seed": seed,
        **found,
        "test": own.utility,
        "scores": shorten(own.scores),
        "rivals": {
            name: {
                "dev": rival.utility,
                "test": other.utility,
                "scores": shorten(other.scores),
                "p": compare(own.scores, other.scores).p_value,
            }
            for name, rival, other in zip(RIVALS, rivals, others, strict=True)
        },
    }


async def run(options: argparse.Namespace) -> list[Row]:
    cells = Cells(results(options) / "quality.jsonl")
    rows = []
    for task in options.tasks.split(","):
        async with opened(task, options) as bench:
            for seed in range(options.seeds):
                key = cell_key(bench, "default", search_config("default", {"seed": seed}), None)
                row = cells.rows.get(key)
                if row is None:
                    row = cells.add(key, **await measure(task, seed, bench, options))
                    print(key, f"dev {row['dev']:.3f}, test {row['test']:.3f}", flush=True)
                rows.append(row)
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return every seed's scores, dev's in brackets, with p-values by McNemar's test."""
    heads = [part for name in RIVALS for part in (name, "p")]
    lines = grid(["task", "seed", "tokens", "found", *heads])
    for row in rows:
        cells = [row["task"], str(row["seed"]), f"{row['tokens']:,}"]
        cells.append(f"{row['test']:.3f} ({row['dev']:.3f})")
        for rival in map(row["rivals"].get, RIVALS):
            cells += [f"{rival['test']:.3f} ({rival['dev']:.3f})", f"{rival['p']:.1e}"]
        lines.append(line(cells))
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Row], known: dict[str, Row]) -> str:
    """Return what is left over seeds, what part of the head-room was found, and by which step."""
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    lines = grid(["task", "found", *(f"better than {name} by" for name in RIVALS)])
    more = grid(["task", "best graph known", "head-room found", "tokens"])
    steps = grid(["task", "dev", *(f"by {step}" for step in STEPS.values())])
    shares = []
    for task in tasks:
        own = [row for row in rows if row["task"] == task]
        scores = np.array([row["scores"] for row in own], dtype=np.float64)
        gains = [
            Gain.of(scores, np.array([row["rivals"][name]["scores"] for row in own], dtype=float))
            for name in RIVALS
        ]
        lines.append(line([task, f"{np.nanmean(scores):.3f}", *map(str, gains)]))
        rises = [np.mean([row["rises"].get(step, 0.0) for row in own]) for step in STEPS]
        dev = np.mean([row["dev"] for row in own])
        steps.append(line([task, f"{dev:.3f}", *(f"{rise:+.3f}" for rise in rises)]))
        if task in known:
            best = known[task]["test"]
            parts = [
                (row["test"] - row["rivals"]["best single"]["test"])
                / (best - row["rivals"]["best single"]["test"])
                for row in own
            ]
            shares.append(float(np.mean(parts)))
            tokens = np.mean([row["tokens"] for row in own]) / known[task]["unraced_tokens"]
            found = f"{shares[-1]:.2f} ({min(parts):.2f} … {max(parts):.2f})"
            more.append(line([task, f"{best:.3f}", found, f"{tokens:.1%}"]))
    if shares:
        lines += ["", *more, "", f"Head-room found, mean over these tasks: {np.mean(shares):.2f}."]
    return "\n".join([*lines, "", *steps]) + "\n"


@figure
def draw(found: dict[str, list[float]], known: dict[str, list[Row]]) -> Figure:
    """Draw every task's systems from the worst to the best known; what was found stands out."""
    drawn = new_figure(PAGE, 2.1)
    fields = drawn.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (task, scores) in zip(fields, found.items(), strict=True):
        names = [row["row"] for row in known[task]]
        place = names.index(LONG)
        values = [row["test"] for row in known[task]]
        found_name = f"found ({len(scores)} seed{'s' * (len(scores) > 1)})"
        bars = [*names[:place], found_name, names[place]]
        lengths = [*values[:place], float(np.mean(scores)), values[place]]
        colours = [BLUE if bar == found_name else FAINT for bar in bars]
        axes.barh(range(len(bars)), lengths, color=colours, height=0.62)
        axes.plot(scores, [place] * len(scores), ".", color=INK, markersize=3)
        for k, length in enumerate(lengths):
            end = max(length, *scores) if k == place else length
            axes.annotate(
                f"{length:.2f}", (end, k), (3, 0), textcoords="offset points", va="center",
                fontsize=6.5,
            )  # fmt: skip
        axes.set_yticks(range(len(bars)), bars)
        axes.set_xlim(0.0, 1.0)
        axes.set_title(task)
        axes.grid(axis="y", visible=False)
    drawn.supxlabel("right answers on test", fontsize=8.0)
    return drawn


def whole_rows(options: argparse.Namespace) -> dict[str, list[Row]]:
    """Return what the head-room study found, task by task, where it is complete."""
    tasks: dict[str, list[Row]] = {}
    for row in Cells(results(options) / "headroom.jsonl").rows.values():
        tasks.setdefault(row["task"], []).append(row)
    return {task: rows for task, rows in tasks.items() if rows[-1]["row"] == LONG}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--seeds", type=int, default=5)
    options = parse(parser)
    rows = asyncio.run(run(options))
    known = whole_rows(options)
    text = summary(rows, {task: of_task[-1] for task, of_task in known.items()})
    write("quality", __doc__, f"{text}\n{table(rows)}", options)
    found = {task: [row["test"] for row in rows if row["task"] == task] for task in known}
    if found and all(found.values()):
        publish("headroom", draw(found, known), options)
