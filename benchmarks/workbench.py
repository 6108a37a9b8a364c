"""What the benchmarks of the search share: searches that cost what they would cost alone.

All searches on a task share one memo on disk, so that a hundred of them can be afforded; each
counts its requests as if it had asked for all of them itself, and its budget is of those. What is
done is a line of a results file and is not done again; a killed program goes on where it was.
"""

import asyncio
import hashlib
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import read_pool
from hswarm.analysis.statistics import bootstrap
from hswarm.catalog import find
from hswarm.config import BudgetConfig, EngineConfig, SearchConfig, merge, search_config
from hswarm.engines.assemble import assemble
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Engine, Sampling
from hswarm.engines.usage import Usage
from hswarm.evaluate import Evaluation, evaluate
from hswarm.search.budget import BudgetedEngine
from hswarm.search.finalists import crown, hold_out
from hswarm.search.found import Candidate
from hswarm.search.loop import search, settled
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.store.memo import SqliteMemo
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Example, Task

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
LOOKS = ROOT / "docs" / "test-looks.md"
MAX_ANSWERS = 20_000_000
AT_HAND = 1_000_000
ALL = 1_000_000
"""More items than a split has."""


class Cells:
    """Finished cells, one JSON object a line, by their `key`; half a line at the end is cut off."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole)
        self._path = path
        self.rows: dict[str, dict[str, Any]] = {}
        for line in whole.splitlines():
            row = json.loads(line)
            self.rows[row["key"]] = row

    def add(self, key: str, **values: Any) -> dict[str, Any]:
        row = {"key": key, **values}
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        self.rows[key] = row
        return row


def log_look(
    benchmark: str, what: Mapping[str, Any], bench: "Workbench", options: Namespace
) -> None:
    """Note that a variant was looked at on test: in the repository, a trial in its folder."""
    path = LOOKS if options.limit is None else options.folder / LOOKS.name
    pool = bench.pool.fingerprint[:12]
    cells = (date.today(), benchmark, what["task"], what["variant"], what.get("seed", ""), pool)
    with path.open("a") as file:
        file.write("| " + " | ".join(map(str, (*cells, len(bench.task.test)))) + " |\n")


@dataclass(frozen=True)
class Workbench:
    """A task, the models and the shared memo."""

    task: Task
    pool: OpenPool
    memo: MemoEngine

    @property
    def roster(self) -> Roster:
        return Roster.of(self.pool, None)

    async def score(
        self, candidates: Sequence[Candidate], examples: Sequence[Example], engine: Engine | None
    ) -> list[Evaluation]:
        systems = [candidate.system(self.roster) for candidate in candidates]
        sampling = Sampling(max_tokens=self.task.max_tokens)
        return await evaluate(systems, examples, self.task.scorer, engine or self.memo, sampling)

    async def search(self, config: SearchConfig, max_tokens: int | None) -> dict[str, Any]:
        """Search, then look at test once; return what a table needs."""
        usage = Usage()
        alone = MemoEngine(self.memo, usage=usage, keep=AT_HAND)
        roster = Roster.of(self.pool, config.weight.particles)
        budget = BudgetConfig(max_tokens=max_tokens)
        engine = BudgetedEngine(alone, budget, tokens=lambda: usage.generated_tokens)
        searched, held = hold_out(self.task.dev, config.held, config.seed)
        systems = 0

        def count(line: Mapping[str, Any]) -> None:
            nonlocal systems
            systems += line["event"] == "evaluation"

        setting = Setting(
            roster=roster,
            examples=searched,
            held=held,
            scorer=self.task.scorer,
            sampling=Sampling(max_tokens=self.task.max_tokens),
            config=settled(config, roster),
            engine=engine,
            record=count,
        )
        complete: dict[str, int] = {}

        def checkpoint(state: Any) -> None:
            engine.armed = True
            complete.update(tokens=usage.generated_tokens, systems=systems)
            self.memo.flush()

        state, reason = await search(setting, checkpoint)
        before = usage.generated_tokens
        found = await crown(state, replace(setting, engine=alone))
        complete["tokens"] += usage.generated_tokens - before
        assert found is not None, "the tiny pool answers something"
        system = found.candidate.system(roster)
        sampling = Sampling(max_tokens=self.task.max_tokens)
        (dev,), (held_out,), (test,) = [
            await evaluate([system], part, self.task.scorer, self.memo, sampling)
            for part in (searched, held, self.task.test)
        ]
        self.memo.flush()
        return {
            "dev": dev.utility,
            "held": held_out.utility if held else None,
            "test": test.utility,
            "bias": dev.utility - test.utility,
            "found": found.candidate.to_json(),
            "found_in": found.iteration,
            "iterations": state.iteration,
            "stopped": reason,
            **complete,
        }


@asynccontextmanager
async def opened(task: str, options: Namespace, data: str | None = None):
    """Open a task with the models of a pool and the memo in the folder, which is made.

    `data` is a file that replaces the task's own.
    """
    pool = read_pool(find("agents", options.pool)).open()
    options.folder.mkdir(parents=True, exist_ok=True)
    with SqliteMemo(options.folder / f"{Path(task).stem}.sqlite", max_answers=MAX_ANSWERS) as store:
        engine = assemble(pool.families, EngineConfig(), mixtures=pool.mixtures)
        memo = MemoEngine(engine, store, keep=AT_HAND)
        try:
            yield Workbench(load_task(task, data=data, limit=_limit(options)), pool, memo)
        finally:
            await memo.aclose()


def _limit(options: Namespace) -> int | tuple[int, int] | None:
    dev = getattr(options, "dev", None)
    return (dev, ALL) if options.limit is None and dev is not None else options.limit


def endless(preset: str, changes: Mapping[str, Any], iterations: int, seed: int) -> SearchConfig:
    """Return a setting whose patience never ends it.

    The iterations do, where a search asks for nothing new any more and no budget stops it.
    """
    never = {"seed": seed, "max_iterations": iterations, "patience": iterations + 1}
    return search_config(preset, merge(never, changes))


@dataclass(frozen=True)
class Variant:
    """A named setting of the search."""

    name: str
    config: Callable[[int], SearchConfig]
    """From a seed."""
    max_tokens: int | None


async def run_variants(
    name: str, variants: Sequence[Variant], options: Namespace
) -> list[dict[str, Any]]:
    """Run every variant with every seed on every task, but for what is done; return the rows."""
    cells = Cells(results(options) / f"{name}.jsonl")
    rows = []
    for task in options.tasks.split(","):
        async with opened(task, options) as bench:
            for variant in variants:
                for seed in range(options.seeds):
                    config = variant.config(seed)
                    key = _key(bench, variant, config)
                    row = cells.rows.get(key)
                    if row is None:
                        what = {"task": task, "variant": variant.name, "seed": seed}
                        done = await bench.search(config, variant.max_tokens)
                        log_look(name, what, bench, options)
                        row = cells.add(key, **what, **done)
                        print(*what.values(), f"dev {row['dev']:.3f}, test {row['test']:.3f}")
                    rows.append(row)
    return rows


def _key(bench: Workbench, variant: Variant, config: SearchConfig) -> str:
    """Name a cell by all that decides what it holds: models, items, settings, budget."""
    shapes = [bench.pool.fingerprint, bench.task.fingerprint, config.model_dump(mode="json")]
    text = json.dumps([*shapes, variant.max_tokens], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{bench.task.name} / {variant.name} / {config.seed} / {digest}"


def results(options: Namespace) -> Path:
    """Return where results go: of a trial on few items they stay in its folder."""
    return RESULTS if options.limit is None else options.folder


def table(rows: Sequence[Mapping[str, Any]], base: Callable[[str], str]) -> str:
    """Return Markdown: means over seeds with 95 % bootstrap intervals, and against `base`.

    `base(variant)` names what a variant is compared with, seed by seed.
    """
    head = (
        "| task | variant | seeds | systems | tokens | dev | bias | test | against "
        "| gain on test | p |"
    )
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["task"], row["variant"]), []).append(row)
    for (task, variant), group in grouped.items():
        test = [row["test"] for row in group]
        mean = bootstrap(test, np.zeros(len(test)), seed=0)
        other = base(variant)
        against = "|  |  |  |"
        if other != variant and (task, other) in grouped:
            rest = [row["test"] for row in grouped[task, other]]
            gain = bootstrap(test, rest, seed=0)
            span = f"{gain.interval.low:+.3f} … {gain.interval.high:+.3f}"
            against = f"| {other} | {gain.difference:+.3f} ({span}) | {gain.p_value:.3f} |"
        lines.append(
            f"| {task} | {variant} | {len(group)} | {np.mean([r['systems'] for r in group]):,.0f} "
            f"| {np.mean([r['tokens'] for r in group]):,.0f} "
            f"| {np.mean([r['dev'] for r in group]):.3f} "
            f"| {np.mean([r['bias'] for r in group]):+.3f} "
            f"| {mean.difference:.3f} ({mean.interval.low:.3f} … {mean.interval.high:.3f}) "
            f"{against}"
        )
    return "\n".join(lines) + "\n"


def write(name: str, doc: str | None, text: str, options: Namespace) -> None:
    """Write NAME.md beside the cells and print the table."""
    (results(options) / f"{name}.md").write_text(f"{(doc or '').splitlines()[0]}\n\n{text}")
    print(text)


def add_options(parser: ArgumentParser, folder: str) -> None:
    parser.add_argument("--tasks", default="gaia-text,gsm8k,knowledge-crosswords,nlgraph")
    parser.add_argument("--pool", default="tiny")
    parser.add_argument("--limit", type=int, help="items per split: a trial, kept out of results")
    parser.add_argument("--folder", type=Path, default=Path("runs") / folder)


def add_variants(parser: ArgumentParser, *, seeds: int) -> None:
    parser.add_argument("--dev", type=int, help="search on so many dev items; all of test")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--variants", help="some of them, separated by semicolons")


def main(
    name: str,
    doc: str | None,
    variants: Sequence[Variant],
    options: Namespace,
    base: Callable[[str], str],
) -> None:
    """Run what is not done yet, then write the table of all that was asked for."""
    chosen = options.variants.split(";") if options.variants else [v.name for v in variants]
    unknown = set(chosen) - {variant.name for variant in variants}
    if unknown:
        raise SystemExit(f"There are no variants {sorted(unknown)}.")
    picked = [variant for variant in variants if variant.name in chosen]
    rows = asyncio.run(run_variants(name, picked, options))
    write(name, doc, table(rows, base), options)
