"""What the benchmarks of the search share: searches that cost what they would cost alone.

All searches on a task share one memo on disk, so that a hundred of them can be afforded; each
counts its requests as if it had asked for all of them itself, and its budget is of those. What is
done is kept as lines of a progress file and not done again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hswarm.agents.pool import read_pool
from hswarm.analysis.statistics import bootstrap
from hswarm.catalog import find
from hswarm.config import BudgetConfig, EngineConfig, SearchConfig
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.memo import MemoEngine, Usage
from hswarm.engines.request import Engine, Sampling
from hswarm.engines.transformers import TransformersRunner
from hswarm.evaluate import Evaluation, evaluate
from hswarm.experts.family import Family
from hswarm.search.budget import BudgetedEngine
from hswarm.search.finalists import crown, hold_out
from hswarm.search.found import Candidate, Experts
from hswarm.search.loop import search, settled
from hswarm.search.setting import Setting
from hswarm.store.memo import SqliteMemo
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Example, Task

RESULTS = Path(__file__).parent / "results"
LOOKS = RESULTS / "test_looks.jsonl"
MAX_ANSWERS = 20_000_000


class Progress:
    """Finished rows, one JSON object a line, by their `key`; half a line at the end is cut off."""

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


@dataclass(frozen=True)
class Workbench:
    """A task, the models and the shared memo."""

    task: Task
    family: Family
    memo: MemoEngine

    @property
    def experts(self) -> Experts:
        return Experts(self.family.fingerprint, tuple(e.name for e in self.family.experts))

    async def score(
        self, candidates: Sequence[Candidate], examples: Sequence[Example], engine: Engine | None
    ) -> list[Evaluation]:
        systems = [candidate.system(self.experts) for candidate in candidates]
        sampling = Sampling(max_tokens=self.task.max_tokens)
        return await evaluate(systems, examples, self.task.scorer, engine or self.memo, sampling)

    async def search(self, config: SearchConfig, max_tokens: int | None) -> dict[str, Any]:
        """Search, then look at test once; return what a table needs."""
        usage = Usage()
        alone = MemoEngine(self.memo, usage=usage)
        budget = BudgetConfig(max_tokens=max_tokens)
        engine = BudgetedEngine(alone, budget, tokens=lambda: usage.generated_tokens)
        searched, held = hold_out(self.task.dev, config.held, config.seed)
        systems = 0

        def count(line: Mapping[str, Any]) -> None:
            nonlocal systems
            systems += line["event"] == "evaluation"

        setting = Setting(
            experts=self.experts,
            examples=searched,
            held=held,
            scorer=self.task.scorer,
            sampling=Sampling(max_tokens=self.task.max_tokens),
            config=settled(config, self.experts),
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
        (dev,) = await self.score([found.candidate], searched, alone)
        (test,) = await self.score([found.candidate], self.task.test, None)
        self.memo.flush()
        return {
            "dev": dev.utility,
            "test": test.utility,
            "found": found.candidate.to_json(),
            "found_in": found.iteration,
            "iterations": state.iteration,
            "stopped": reason,
            **complete,
        }


@asynccontextmanager
async def opened(task: str, folder: Path, *, pool: str = "tiny", limit: int | None = None):
    """Open a task with the models of `pool` and the memo in `folder`, which is there."""
    family = read_pool(find("agents", pool)).open()
    with SqliteMemo(folder / f"{task}.sqlite", max_answers=MAX_ANSWERS) as store:
        runner = TransformersRunner(family, EngineConfig())
        memo = MemoEngine(BatchingEngine(runner), store)
        try:
            yield Workbench(load_task(task, data=None, limit=limit), family, memo)
        finally:
            await memo.aclose()


@dataclass(frozen=True)
class Variant:
    """A named setting of the search."""

    name: str
    config: Callable[[int], SearchConfig]
    """From a seed."""
    max_tokens: int | None


async def run_variants(
    name: str, tasks: Sequence[str], variants: Sequence[Variant], options: Any
) -> list[dict[str, Any]]:
    """Run every variant with every seed on every task, but for what is done; return the rows."""
    progress = Progress(options.folder / f"{name}.jsonl")
    rows = []
    for task in tasks:
        async with opened(task, options.folder, limit=options.limit) as bench:
            for variant in variants:
                for seed in range(options.seeds):
                    key = f"{task} / {variant.name} / {seed} / {options.limit}"
                    row = progress.rows.get(key)
                    if row is None:
                        done = await bench.search(variant.config(seed), variant.max_tokens)
                        what = {"task": task, "variant": variant.name, "seed": seed}
                        row = progress.add(key, **what, **done)
                        log_look(name, what, options)
                        print(key, f"dev {row['dev']:.3f}, test {row['test']:.3f}", flush=True)
                    rows.append(row)
    return rows


def log_look(benchmark: str, what: Mapping[str, Any], options: Any) -> None:
    """Note in the repository that a finished variant was looked at on test."""
    if options.write and options.limit is None:
        with LOOKS.open("a") as file:
            file.write(json.dumps({"benchmark": benchmark, **what}) + "\n")


def table(rows: Sequence[Mapping[str, Any]], base: Callable[[str], str]) -> str:
    """Return Markdown: means over seeds with 95 % bootstrap intervals, and against `base`.

    `base(variant)` names what a variant is compared with, seed by seed.
    """
    head = "| task | variant | seeds | systems | tokens | dev | test | against | gain on test | p |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["task"], row["variant"]), []).append(row)
    for (task, variant), group in grouped.items():
        test = [row["test"] for row in group]
        mean = bootstrap(test, np.zeros(len(test)), seed=0)
        other = base(variant)
        against = "|  |  |  |"
        if other != variant:
            rest = [row["test"] for row in grouped[task, other]]
            gain = bootstrap(test, rest, seed=0)
            span = f"{gain.interval.low:+.3f} … {gain.interval.high:+.3f}"
            against = f"| {other} | {gain.difference:+.3f} ({span}) | {gain.p_value:.3f} |"
        lines.append(
            f"| {task} | {variant} | {len(group)} | {np.mean([r['systems'] for r in group]):,.0f} "
            f"| {np.mean([r['tokens'] for r in group]):,.0f} "
            f"| {np.mean([r['dev'] for r in group]):.3f} "
            f"| {mean.difference:.3f} ({mean.interval.low:.3f} … {mean.interval.high:.3f}) "
            f"{against}"
        )
    return "\n".join(lines) + "\n"


def write(name: str, text: str, rows: Any) -> None:
    """Write NAME.md and NAME.json into benchmarks/results."""
    (RESULTS / f"{name}.md").write_text(text)
    (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


def add_options(parser: Any, folder: str) -> None:
    parser.add_argument("--tasks", default="gaia-text,gsm8k,knowledge-crosswords,nlgraph")
    parser.add_argument("--limit", type=int, help="items per split, for a trial")
    parser.add_argument("--folder", type=Path, default=Path("runs") / folder)
    parser.add_argument("--write", action="store_true")


def main(name: str, doc: str | None, variants: Sequence[Variant], options: Any, base: Any) -> None:
    """Run, print the table, write it if asked to."""
    chosen = options.variants.split(";") if options.variants else None
    if chosen:
        unknown = set(chosen) - {variant.name for variant in variants}
        assert not unknown, f"no such variants: {unknown}"
    picked = [v for v in variants if chosen is None or v.name in chosen]
    rows = asyncio.run(run_variants(name, options.tasks.split(","), picked, options))
    text = table(rows, base)
    print(text)
    if options.write:
        write(name, f"{(doc or '').splitlines()[0]}\n\n{text}", rows)
