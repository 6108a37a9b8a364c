"""What the benchmarks of the search share: searches that cost what they would cost alone.

All searches on a task share one memo on disk, so that a hundred of them can be afforded; each
counts its requests as if it had asked for all of them itself. What is done is a line of a results
file and is not done again; a killed program goes on where it was.

What is found is measured on items that the search has not seen: on test, which is then noted as
looked at; or, where switches are tried, on those dev items that --dev keeps from the search.
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

from matplotlib.figure import Figure
from verdicts import draw, judge, table

from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.config import EngineConfig, SearchConfig, merge, search_config
from hswarm.engines.assemble import assemble
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Engine, Sampling
from hswarm.engines.usage import Usage
from hswarm.evaluate import Evaluation, evaluate
from hswarm.figures.look import write_picture
from hswarm.search.events import Event, StepEnded
from hswarm.search.finalists import crown, hold_out
from hswarm.search.found import Candidate
from hswarm.search.loop import search, settled
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState
from hswarm.search.tally import Tally
from hswarm.store.memo import SqliteMemo
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Example, Task

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
LOOKS = ROOT / "docs" / "test-looks.md"
MAX_ANSWERS = 20_000_000
AT_HAND = 1_000_000


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


class Rises:
    """By how much the best-found utility rose at the start and in which kind of step since."""

    def __init__(self) -> None:
        self.by_step: dict[str, float] = {}
        self._best = 0.0

    def watch(self, event: Event) -> None:
        if isinstance(event, StepEnded) and event.best > self._best:
            self.by_step[event.kind] = self.by_step.get(event.kind, 0.0) + event.best - self._best
            self._best = event.best


def shorten(scores: Sequence[float | None]) -> list[float | None]:
    """Return scores as they take least room in JSON."""
    return [int(score) if score in (0.0, 1.0) else score for score in scores]


class _EnoughError(Exception):
    """A search has generated as many tokens as it was to."""

    def __init__(self, state: SearchState) -> None:
        self.state = state


@dataclass(frozen=True)
class Workbench:
    """A task, the items that its searches do not see, the models and the shared memo."""

    task: Task
    unseen: tuple[Example, ...]
    pool: OpenPool
    memo: MemoEngine

    @property
    def roster(self) -> Roster:
        return Roster.of(self.pool, None)

    async def score(
        self,
        candidates: Sequence[Candidate],
        examples: Sequence[Example],
        engine: Engine | None = None,
        roster: Roster | None = None,
    ) -> list[Evaluation]:
        """Evaluate candidates of a search, whose `roster` may have more positions than experts."""
        systems = [candidate.system(roster or self.roster) for candidate in candidates]
        sampling = Sampling(max_tokens=self.task.max_tokens)
        return await evaluate(systems, examples, self.task.scorer, engine or self.memo, sampling)

    async def search(self, config: SearchConfig, tokens: int | None) -> dict[str, Any]:
        """Search until so many tokens are generated, and to the end of that iteration."""
        usage, rises = Usage(), Rises()
        alone = MemoEngine(self.memo, usage=usage, keep=AT_HAND)
        roster = Roster.of(self.pool, config.weight.particles)
        searched, held = hold_out(self.task.dev, config.held, config.seed)
        setting = Setting(
            roster=roster,
            examples=searched,
            held=held,
            scorer=self.task.scorer,
            sampling=Sampling(max_tokens=self.task.max_tokens),
            config=settled(config, roster),
            engine=alone,
            observe=rises.watch,
            tally=Tally(items=len(searched)),
        )

        def checkpoint(state: SearchState) -> None:
            self.memo.flush()
            if tokens is not None and usage.generated_tokens >= tokens:
                raise _EnoughError(state)

        try:
            state, reason = await search(setting, checkpoint)
        except _EnoughError as enough:
            state, reason = enough.state, "max-tokens"
        found = await crown(state, setting)
        assert found is not None, "the tiny pool answers something"
        self.memo.flush()
        dev, held_out = [
            (await self.score([found.candidate], part, roster=roster))[0].utility
            for part in (searched, held)
        ]
        return {
            "dev": dev,
            "held": held_out if held else None,
            "found": found.candidate.to_json(),
            "found_in": found.iteration,
            "rises": rises.by_step,
            "iterations": state.iteration,
            "stopped": reason,
            "tokens": usage.generated_tokens,
            "systems": setting.tally.spent,
        }

    async def look(self, row: Mapping[str, Any], config: SearchConfig) -> dict[str, Any]:
        """Return what was found is worth on unseen items, and how much dev flattered it."""
        found = Candidate.from_json(row["found"])
        roster = Roster.of(self.pool, config.weight.particles)
        (unseen,) = await self.score([found], self.unseen, roster=roster)
        self.memo.flush()
        return {
            "unseen": unseen.utility,
            "bias": row["dev"] - unseen.utility,
            "scores": shorten(unseen.scores),
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
            whole, cut = load_task(task, data=data, limit=options.limit), options.dev
            if cut is not None and not 0 < cut < len(whole.dev):
                raise SystemExit(f"{task} has {len(whole.dev)} dev items: --dev has to be fewer.")
            unseen = whole.test if cut is None else whole.dev[cut:]
            yield Workbench(replace(whole, dev=whole.dev[:cut]), unseen, pool, memo)
        finally:
            await memo.aclose()


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
    tokens: int | str | None
    """After how many it has generated, or after as many as another variant with the same seed, it
    ends with the iteration that it is in; None: not for that."""


async def run_variants(
    name: str, variants: Sequence[Variant], options: Namespace
) -> list[dict[str, Any]]:
    """Run every variant with every seed on every task, but for what is done; return the rows."""
    cells = Cells(results(options) / f"{name}.jsonl")
    done: dict[tuple[str, str, int], dict[str, Any]] = {}
    for task in options.tasks.split(","):
        async with opened(task, options) as bench:
            for variant in variants:
                for seed in range(options.seeds):
                    config = variant.config(seed)
                    tokens = variant.tokens
                    if isinstance(tokens, str):
                        tokens = int(done[task, tokens, seed]["tokens"])
                    key = cell_key(bench, variant.name, config, tokens)
                    row = cells.rows.get(key)
                    if row is None:
                        what = {"task": task, "variant": variant.name, "seed": seed}
                        found = await bench.search(config, tokens)
                        if bench.unseen is bench.task.test:
                            log_look(name, what, bench, options)
                        row = cells.add(key, **what, **found, **await bench.look(found, config))
                        print(*what.values(), f"dev {row['dev']:.3f}, unseen {row['unseen']:.3f}")
                    done[task, variant.name, seed] = row
    return list(done.values())


def cell_key(bench: Workbench, variant: str, config: SearchConfig, tokens: int | None) -> str:
    """Name a cell by all that decides what it holds: models, items, settings, budget."""
    items = [bench.task.fingerprint, len(bench.task.dev)]
    parts = [bench.pool.fingerprint, items, config.model_dump(mode="json"), tokens]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return f"{bench.task.name} / {variant} / {config.seed} / {digest}"


def results(options: Namespace) -> Path:
    """Return where results go: of a trial on few items they stay in its folder."""
    return RESULTS if options.limit is None else options.folder


def parse(parser: ArgumentParser) -> Namespace:
    """Read the command line; `whole` says whether nothing is other than it is published."""
    options, published = parser.parse_args(), parser.parse_args([])
    options.whole = vars(options) == {**vars(published), "folder": options.folder}
    return options


def write(name: str, doc: str | None, text: str, options: Namespace) -> None:
    """Write NAME.md, of a part into its folder, and print the table."""
    folder = RESULTS if options.whole else options.folder
    (folder / f"{name}.md").write_text(f"{(doc or '').splitlines()[0]}\n\n{text}")
    print(text)


def publish(name: str, drawn: Figure, options: Namespace) -> None:
    """Write the picture NAME.svg, of a part into its folder."""
    folder = ROOT / "docs" if options.whole else options.folder
    (folder / f"{name}.svg").write_bytes(write_picture(drawn).svg)


def add_options(parser: ArgumentParser, folder: str = "search") -> None:
    parser.add_argument("--tasks", default="gaia-text,gsm8k,knowledge-crosswords,nlgraph")
    parser.add_argument("--pool", default="tiny")
    parser.add_argument("--limit", type=int, help="items per split: a trial, kept out of results")
    parser.set_defaults(dev=None)
    parser.add_argument("--folder", type=Path, default=Path("runs") / folder)


def add_variants(parser: ArgumentParser, *, seeds: int) -> None:
    parser.add_argument(
        "--dev", type=int, help="search on so many dev items, and measure on the rest"
    )
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--variants", help="some of them, separated by semicolons")


def main(
    name: str,
    doc: str | None,
    parser: ArgumentParser,
    made: Callable[[Namespace], Sequence[Variant]],
    base: Callable[[str], str],
) -> None:
    """Run what is not done yet, then write the table of all that was asked for."""
    options = parse(parser)
    variants = made(options)
    chosen = options.variants.split(";") if options.variants else [v.name for v in variants]
    unknown = set(chosen) - {variant.name for variant in variants}
    if unknown:
        raise SystemExit(f"There are no variants {sorted(unknown)}.")
    picked = [variant for variant in variants if variant.name in chosen]
    if needed := {v.tokens for v in picked if isinstance(v.tokens, str)} - set(chosen):
        raise SystemExit(f"Others get as many tokens as {sorted(needed)} took: name it, too.")
    rows = asyncio.run(run_variants(name, picked, options))
    unseen = "test" if options.dev is None else "rest of dev"
    verdicts = judge(rows, base)
    write(name, doc, table(rows, verdicts, unseen), options)
    if verdicts:
        publish(name, draw(verdicts, unseen), options)
