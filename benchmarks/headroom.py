"""How much there is to find: from the base model alone to the best graph that a long search finds.

    python benchmarks/headroom.py [--tasks gaia-text,nlgraph] [--long 2000] [--limit 20]

Per bundled task, on test: the base, the best single expert, the uniform soup, random graphs (mean
of 200, each on a tenth of the items, so that every item is put to twenty), the best of 20 chains,
the best of 20 stars, and the best graph known: the dev-best of --long random graphs, as many random
chains and then as many moves of nodes and edges from the best of them. What is tried is run on a
sixteenth, an eighth, … and all of the dev items, and falls out when a paired test finds it worse,
at 99 %, than the best so far, or than the graph that it is a move from. It takes hours: what
was found on dev is kept in results/headroom-dev.jsonl, the memo in --folder, and a killed run goes
on where it was. Test is looked at once per finished row, which is a line of results/headroom.jsonl.
Writes results/headroom.md, with 95 % intervals (Wilson; for means of graphs bootstrapped over
items).
"""

import asyncio
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from workbench import (
    AT_HAND,
    Cells,
    Workbench,
    add_options,
    log_look,
    opened,
    parse,
    results,
    write,
)

from hswarm.analysis.statistics import bootstrap, wilson
from hswarm.engines.memo import MemoEngine
from hswarm.engines.usage import Usage
from hswarm.evaluate import Evaluation
from hswarm.graph.dag import LONE, Dag
from hswarm.graph.decode import decode
from hswarm.graph.moves import EDGE_MOVES, ORDER_MOVES, neighbour
from hswarm.graph.shapes import SHAPES
from hswarm.search.found import Candidate
from hswarm.search.racing import Scores, climb, is_worse
from hswarm.swarm.random import generator
from hswarm.tasks.task import Example

SEED, BATCH, RACING = 0, 20, 100
RUNGS, CONFIDENCE = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0), 0.99
PERMUTATIONS, SAMPLE, SHARES = 20, 200, 10
LONG = "best graph known"
Row = dict[str, Any]
Work = Callable[[], Awaitable[Sequence[float]]]


class Study:
    """One task's rows and how far they have got."""

    def __init__(self, task: str, bench: Workbench, options: Namespace) -> None:
        self.task, self.bench, self.options = task, bench, options
        self.progress = Cells(results(options) / "headroom-dev.jsonl")
        self.finished = Cells(results(options) / "headroom.jsonl")
        self.nodes = len(bench.roster)

    def place(self, dag: Dag) -> Candidate:
        return Candidate.place(dag, range(len(dag)), self.bench.roster.original_rows())

    def lone(self, row: np.ndarray) -> Candidate:
        return Candidate.place(LONE, [0], [tuple(row.tolist())])

    def key(self, what: str) -> str:
        pool, task = self.bench.pool.fingerprint[:12], self.bench.task.fingerprint[:12]
        return f"{self.task} / {pool} / {task} / {what}"

    async def on_dev(self, what: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return dev utilities."""

        async def whole() -> list[float]:
            done = await self.bench.score(candidates, self.bench.task.dev)
            return [evaluation.utility for evaluation in done]

        return await self.once(what, whole)

    async def raced(
        self, what: str, candidates: Sequence[Candidate], leader: Candidate
    ) -> list[float]:
        """Return dev utilities; NaN of those that fell out as worse than `leader`."""
        dev, order = self.bench.task.dev, self.order()

        async def against() -> list[float]:
            (standing,) = await self.bench.score([leader], dev)

            async def run(numbers: Sequence[int], part: Sequence[Example]) -> list[Evaluation]:
                return await self.bench.score([candidates[k] for k in numbers], part)

            def stay(racing: Sequence[int], scores: Scores) -> list[int]:
                return [k for k in racing if not is_worse(scores[k], standing.scores, CONFIDENCE)]

            done = await climb(len(candidates), dev, order, RUNGS, run=run, stay=stay)
            return [evaluation.utility for evaluation in done]

        return await self.once(f"raced {what}", against)

    def order(self) -> list[int]:
        """Return the dev items, by place, in the order in which races run them."""
        count = len(self.bench.task.dev)
        return [int(place) for place in generator(SEED, "headroom order").permutation(count)]

    async def once(self, what: str, work: Work) -> list[float]:
        """Return dev utilities, NaN where unknown; what is done is a step of the memo."""
        key = self.key(what)
        row = self.progress.rows.get(key)
        if row is None:
            memo, before = self.bench.memo, self.bench.memo.usage.generated_tokens
            # What a killed batch had asked for is counted when it is asked for again.
            memo.begin_step(self.step())
            values = [None if math.isnan(utility) else utility for utility in await work()]
            memo.flush()
            tokens = memo.usage.generated_tokens - before
            row = self.progress.add(key, dev=values, tokens=tokens)
            best = max((value for value in values if value is not None), default=math.nan)
            print(key, f"best {best:.3f}, {tokens:,} tokens", flush=True)
        return [math.nan if value is None else value for value in row["dev"]]

    def step(self) -> int:
        """Count what is done: a killed program goes on with the step that it had begun."""
        rows = [*self.progress.rows, *self.finished.rows]
        return sum(key.startswith(self.key("")) for key in rows)

    def tokens(self) -> int:
        """Tokens generated on dev so far, all rows of the task together."""
        start = self.key("")
        rows = self.progress.rows.items()
        return sum(row.get("tokens", 0) for key, row in rows if key.startswith(start))

    async def best_of(self, what: str, candidates: Sequence[Candidate]) -> tuple[Candidate, float]:
        return best_known(candidates, await self.on_dev(what, candidates))

    async def by_item(
        self, systems: Sequence[Candidate], examples: Sequence[Example]
    ) -> np.ndarray:
        """Return each item's score; of several systems the mean of those that it is put to."""
        shares = min(SHARES, len(systems))
        items = np.zeros(len(examples))
        for share in range(shares):
            some = systems[share::shares]
            for done in await self.bench.score(some, examples[share::shares]):
                items[share::shares] += np.array(done.scores, dtype=float) / len(some)
        return items

    async def finish(
        self,
        name: str,
        chosen: Sequence[Candidate],
        dev: float,
        raced: Sequence[Candidate] = (),
    ) -> Row:
        """Look at test once; say what those that were `raced` would have taken without races."""
        key = self.key(f"{name}, {self.options.long} long" if name == LONG else name)
        row = self.finished.rows.get(key)
        if row is None:
            tokens = self.tokens()
            self.bench.memo.begin_step(self.step())
            log_look("headroom", {"task": self.task, "variant": name}, self.bench, self.options)
            items = await self.by_item(chosen, self.bench.task.test)
            low, high = interval(items, one=len(chosen) == 1)
            row = self.finished.add(
                key,
                task=self.task,
                row=name,
                dev=dev,
                test=float(items.mean()),
                low=low,
                high=high,
                dev_tokens=tokens,
                unraced_tokens=await self.unraced(raced) if raced else None,
                systems=[candidate.to_json() for candidate in chosen[:1]],
            )
            print(key, f"dev {row['dev']:.3f}, test {row['test']:.3f}", flush=True)
        return row

    async def known_best(
        self, best: Candidate, utility: float, candidates: dict[str, list[Candidate]]
    ) -> Row:
        """Do the long search: the best of random graphs and chains, then moves from there.

        `best` leads the race at its start.
        """
        everything: list[Candidate] = []
        for what, several in candidates.items():
            everything += several
            for first in range(0, len(several), RACING):
                part = several[first : first + RACING]
                utilities = await self.raced(f"{what} from {first}", part, best)
                if not np.isnan(utilities).all():
                    candidate, reached = best_known(part, utilities)
                    if reached > utility:
                        best, utility = candidate, reached
        here = best
        for first in range(0, self.options.long, BATCH):
            count = min(BATCH, self.options.long - first)
            moved = [
                neighbour(here.dag, moves, generator(SEED, "headroom move", first + k))
                for k, moves in zip(range(count), alternate(), strict=False)
            ]
            tried = [self.place(dag) for dag in moved]
            everything += tried
            utilities = await self.raced(f"moves from {first}", tried, here)
            if np.isnan(utilities).all():
                continue
            candidate, reached = best_known(tried, utilities)
            if reached > utility:
                best = candidate
            # A plateau is crossed.
            if reached >= utility:
                here, utility = candidate, reached
        return await self.finish(LONG, [best], utility, everything)

    async def unraced(self, candidates: Sequence[Candidate]) -> int:
        """Return the tokens that all of them would have taken on all of dev.

        What is asked about one item answers nothing about another, so it is as much per item as on
        the items of the first rung, which all were run on: they are run again from the memo.
        """
        order = self.order()
        first = [self.bench.task.dev[place] for place in order[: round(RUNGS[0] * len(order))]]
        usage = Usage()
        alone = MemoEngine(self.bench.memo, usage=usage, keep=AT_HAND)
        for start in range(0, len(candidates), RACING):
            await self.bench.score(candidates[start : start + RACING], first, alone)
        return round(usage.generated_tokens * len(order) / len(first))


def best_known(
    candidates: Sequence[Candidate], utilities: Sequence[float]
) -> tuple[Candidate, float]:
    """Return the best of those whose utility is known, and its utility."""
    best = int(np.nanargmax(utilities))
    return candidates[best], utilities[best]


def alternate() -> Iterator[Sequence[Callable[..., Any]]]:
    """Yield moves of nodes and moves of edges in turn."""
    while True:
        yield ORDER_MOVES
        yield EDGE_MOVES


def interval(items: np.ndarray, *, one: bool) -> tuple[float, float]:
    """Return the interval of one system's accuracy, or of the mean of several."""
    if one and set(items.tolist()) <= {0.0, 1.0}:
        bounds = wilson(int(items.sum()), len(items))
    else:
        bounds = bootstrap(items, np.zeros(len(items)), seed=SEED).interval
    return bounds.low, bounds.high


def random_graph(nodes: int, index: int) -> Dag:
    """Decode a random matrix as the papers do."""
    rng = generator(SEED, "headroom graph", index)
    matrix = rng.random((nodes, nodes))
    return decode(matrix, top_p=0.8, edges="each", rng=rng)


def permuted(shape: str, nodes: int, index: int) -> Dag:
    order = generator(SEED, f"headroom {shape}", index).permutation(nodes).tolist()
    return SHAPES[shape](order)  # type: ignore[index]


async def study(task: str, options: Namespace) -> list[Row]:
    async with opened(task, options) as bench:
        one = Study(task, bench, options)
        nodes, long = one.nodes, options.long
        base = one.lone(np.zeros(nodes))
        soup = one.lone(np.full(nodes, 1 / nodes))
        singles = [one.lone(row) for row in np.eye(nodes)]
        graphs = [one.place(random_graph(nodes, k)) for k in range(SAMPLE + long)]
        chains = [one.place(permuted("chain", nodes, k)) for k in range(PERMUTATIONS + long)]
        stars = [one.place(permuted("star", nodes, k)) for k in range(PERMUTATIONS)]
        sample, few = graphs[:SAMPLE], chains[:PERMUTATIONS]

        rows = []
        for name, candidate in (("base", base), ("uniform soup", soup)):
            rows.append(
                await one.finish(name, [candidate], (await one.on_dev(name, [candidate]))[0])
            )
        found, dev = await one.best_of("singles", singles)
        rows.insert(1, await one.finish("best single", [found], dev))

        async def asked() -> list[float]:
            return list(await one.by_item(sample, bench.task.dev))

        dev = float(np.mean(await one.once("random graphs", asked)))
        rows.append(await one.finish(f"random graphs, mean of {len(sample)}", sample, dev))
        best, utility = found, -math.inf
        for shape, several in (("chains", few), ("stars", stars)):
            found, dev = await one.best_of(shape, several)
            rows.append(await one.finish(f"best of {len(several)} {shape}", [found], dev))
            if dev > utility:
                best, utility = found, dev
        new = {"graphs": graphs[SAMPLE:], "chains": chains[PERMUTATIONS:]}
        rows.append(await one.known_best(best, utility, new))
        return rows


def table(rows: Sequence[Row]) -> str:
    """Return what each system is worth on test, task by task, and what finding it took."""
    cells = {(row["row"], row["task"]): row for row in rows}
    names, tasks = (list(dict.fromkeys(keys)) for keys in zip(*cells, strict=True))

    def line(first: str, rest: Iterable[str]) -> str:
        return "| " + " | ".join((first, *rest)) + " |"

    def right(row: Row) -> str:
        return f"{row['test']:.3f} ({row['low']:.3f} … {row['high']:.3f})"

    def tokens(what: str) -> Iterator[str]:
        return (f"{cells[LONG, task][what]:,}" for task in tasks)

    return "\n".join(
        [
            line("right on test (95 %)", tasks),
            line("---", ["---"] * len(tasks)),
            *(line(name, (right(cells[name, task]) for task in tasks)) for name in names),
            line("tokens on dev of all in this table", tokens("dev_tokens")),
            line("… of the long search without races, estimated", tokens("unraced_tokens")),
        ]
    ) + "\n"  # fmt: skip


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--long", type=int, default=2_000, help="graphs, chains and moves, each")
    options = parse(parser)
    rows: list[Row] = []
    for task in options.tasks.split(","):
        rows += asyncio.run(study(task, options))
    write("headroom", __doc__, table(rows), options)


if __name__ == "__main__":
    main()
