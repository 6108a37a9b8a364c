"""A token swarm over two architectures: the global best on test against the best single expert.

    python benchmarks/token_swarm.py [--seeds 3] [--iterations 10] [--particles 16] [--limit 20]

Four experts on the mixed pool's Llama and four on its Gemma, whose tokenizers differ. Each is
trained here, from nothing and once, into --folder (eight times half a minute): a Llama expert
learns one thing about the first half of the small world's people (friend, city, job, pet), a Gemma
expert the same about the others. The task asks for all of these facts, half of them on dev and half
on test, so that nobody knows more than an eighth. Their next-token probabilities are searched as in
Model Swarms (Feng et al., 2024, section 5). The found mixture and the single expert that is best on
dev are run on the same test items and compared by the paired test of the reports, seed by seed; the
last line takes the mean of each item over the seeds. A finished seed is a line of
results/token_swarm.jsonl and is not done again; the memo is in --folder. At the end
results/token_swarm.md is written.
"""

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from workbench import Cells, Workbench, add_options, log_look, opened, parse, results, write

from hswarm.agents.pool import read_pool
from hswarm.agents.prompts import write_prompt
from hswarm.analysis.statistics import bootstrap, compare
from hswarm.baselines.best_single import best_single
from hswarm.baselines.trials import Trials
from hswarm.catalog import find
from hswarm.config import SearchConfig, search_config
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import MICRO, Sampling
from hswarm.engines.usage import Usage
from hswarm.evaluate import evaluate
from hswarm.experts.finetune import finetune
from hswarm.experts.training import Schedule
from hswarm.search.loop import search, settled
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.tasks.bundled.world import KINDS, shared_world

RELATIONS = ("friend", "city", "job", "pet")
SCHEDULE = Schedule(steps=300, batch=32, learning_rate=5e-3)
TASK = {
    "name": "people",
    "title": "People",
    "category": "knowledge",
    "citation": "none",
    "description": "Who is whose friend, and where, as what and with which pet people live.",
    "data": {"generator": "gsm8k", "dev": 128, "test": 128},
    "scorer": {"name": "exact-match"},
    "metric": "exact match",
    "max_tokens": 12,
}


def facts(relation: str, half: int) -> list[tuple[str, str]]:
    """Return question and answer about every person of a half."""
    table = shared_world().tables[relation]
    return [(f"What is {p}'s {relation}?", table[p]) for p in KINDS["person"][half * 32 :][:32]]


def write_task(folder: Path) -> tuple[Path, Path]:
    """Write the task and its items, dealt to dev and test by turns; return both files."""
    rng = np.random.default_rng(0)
    items = [fact for relation in RELATIONS for half in (0, 1) for fact in facts(relation, half)]
    dealt = [items[k] for k in rng.permutation(len(items))]
    splits = {
        split: [{"question": question, "answer": answer} for question, answer in dealt[start::2]]
        for start, split in enumerate(("dev", "test"))
    }
    task, data = folder / "people.yaml", folder / "people.json"
    task.write_text(yaml.safe_dump(TASK))
    data.write_text(json.dumps({"dataset": "people", **splits}))
    return task, data


def write_pool(folder: Path) -> Path:
    """Write the pool of eight, training those that are not there yet; return its file."""
    mixed = read_pool(find("agents", "mixed")).open()
    families = {}
    for half, family in enumerate(mixed.families):
        experts = {}
        for relation in RELATIONS:
            name = f"{family.name} {relation}"
            place = folder / "experts" / name.replace(" ", "-")
            experts[name] = str(place.absolute())
            if not place.exists():
                print(f"training {name} …", flush=True)
                part = place.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                pairs = pairs_of(facts(relation, half))
                cpu = torch.device("cpu")
                finetune(family, None, pairs, SCHEDULE, part, seed=0, device=cpu)
                part.rename(place)
        base = str(family.base.absolute())
        families[family.name] = {"base": base, "prompt": family.prompt, "experts": experts}
    pool = folder / "eight.yaml"
    pool.write_text(yaml.safe_dump({"mix": "tokens", "families": families}, sort_keys=False))
    return pool


def pairs_of(known: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what an expert learns, over and over."""
    for question, answer in cycle(known):
        yield write_prompt("entry", [], "", question), f"The answer is {answer}."


def config_of(seed: int, options: argparse.Namespace) -> SearchConfig:
    """Return the paper's search with fewer particles and iterations."""
    return search_config(
        "paper",
        {
            "method": "model-swarms",
            "seed": seed,
            "max_iterations": options.iterations,
            "early_stop": True,
            "weight": {"particles": options.particles},
        },
    )


async def follow(bench: Workbench, config: SearchConfig) -> dict[str, Any]:
    """Search with one seed, then look at test once; return what a table needs."""
    roster, usage = Roster.of(bench.pool, config.weight.particles), Usage()
    setting = Setting(
        roster=roster,
        examples=bench.task.dev,
        scorer=bench.task.scorer,
        sampling=Sampling(max_tokens=bench.task.max_tokens),
        config=settled(config, roster),
        engine=MemoEngine(bench.memo, usage=usage),
    )
    began = time.perf_counter()
    state, _ = await search(setting, lambda state: bench.memo.flush())
    seconds = time.perf_counter() - began
    assert state.found is not None
    singles = Trials(replace(setting, roster=Roster.of(bench.pool, None)))
    await best_single(singles)
    assert singles.found is not None
    best, rival = state.found.candidate, singles.found.candidate
    found, single = await evaluate(
        [best.system(roster), rival.system(singles.roster)],
        bench.task.test,
        bench.task.scorer,
        bench.memo,
        setting.sampling,
    )
    bench.memo.flush()
    against = compare(found.scores, single.scores)
    return {
        "dev": state.found.utility,
        "dev_single": singles.found.utility,
        "test": found.utility,
        "test_single": single.utility,
        "p": against.p_value if against else None,
        "p_test": against.test if against else None,
        "scores": found.scores,
        "scores_single": single.scores,
        "best_single": singles.roster.name(rival.agents[0]),
        "mixture": roster.coefficients(best.agents[0], best.rows[0]),
        "found_in": state.found.iteration,
        "iterations": state.iteration,
        "generated": usage.generated,
        "generated_tokens": usage.generated_tokens,
        "left_out": usage.left_out / MICRO / max(1, usage.generated_tokens),
        "seconds": round(seconds),
    }


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    cells = Cells(results(options) / "token_swarm.jsonl")
    task, data = write_task(options.folder)
    rows = []
    async with opened(str(task), options, str(data)) as bench:
        for seed in range(options.seeds):
            what = {"task": bench.task.name, "variant": "token swarm", "seed": seed}
            key = f"{seed} / {options.iterations} / {options.particles}"
            key += f" / {bench.pool.fingerprint[:12]} / {bench.task.fingerprint[:12]}"
            row = cells.rows.get(key)
            if row is None:
                done = await follow(bench, config_of(seed, options))
                log_look("token_swarm", what, bench, options)
                row = cells.add(key, **what, **done)
                print(
                    f"seed {seed}: test {row['test']:.3f}, best single {row['test_single']:.3f}",
                    f"({row['seconds']} s)",
                    flush=True,
                )
            rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| seed | tokens | best single | dev | test | global best: dev | test | gain | p |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        gain = row["test"] - row["test_single"]
        lines.append(
            f"| {row['seed']} | {row['generated_tokens']:,} | {row['best_single']} "
            f"| {row['dev_single']:.3f} | {row['test_single']:.3f} | {row['dev']:.3f} "
            f"| {row['test']:.3f} | {gain:+.3f} | {show(row['p'])} |"
        )
    scores, single = (
        np.array([row[what] for row in rows], dtype=float).mean(axis=0)
        for what in ("scores", "scores_single")
    )
    whole = bootstrap(scores, single, seed=0)
    span = f"{whole.interval.low:+.3f} … {whole.interval.high:+.3f}"
    tests = ", ".join(dict.fromkeys(str(row["p_test"]) for row in rows))
    left_out = max(row["left_out"] for row in rows)
    lines += [
        f"| all | | | | {single.mean():.3f} | | {scores.mean():.3f} "
        f"| {whole.difference:+.3f} ({span}) | {show(whole.p_value)} |",
        "",
        f"p: one-sided, by seed {tests}, of all seeds the paired bootstrap over items of their "
        f"means. Probability left out of the mixtures: {left_out:.2%} at most.",
    ]
    return "\n".join(lines) + "\n"


def show(p: float | None) -> str:
    if p is None:
        return ""
    return "<0.0001" if p < 1e-4 else f"{p:.4f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "token_swarm")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--particles", type=int, default=16)
    options = parse(parser)
    options.folder.mkdir(parents=True, exist_ok=True)
    options.pool = str(write_pool(options.folder))
    write("token_swarm", __doc__, table(asyncio.run(measure(options))), options)
