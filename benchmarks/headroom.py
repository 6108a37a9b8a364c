"""How much there is to find: from the base model alone to the best graph that a long search finds.

    python benchmarks/headroom.py [--tasks gaia-text,nlgraph] [--long 2000] [--limit 20]

Per bundled task, on test: the base, the best single expert, the uniform soup, random graphs (mean
of 200), the best of 20 chains, the best of 20 stars, and the best graph known: the dev-best of
--long random graphs, as many random chains and then as many moves of nodes and edges from the best
of them. Graphs and chains are raced, a hundred at a time: on more and more of the dev items, and
those that are clearly worse than the leader fall out; a move is run until it cannot reach the best
any more. It takes hours: --folder keeps a memo and what was found on dev, and a killed run goes on
where it was. Test is looked at once per finished row, which is a line of results/headroom.jsonl.
Writes results/headroom.md, with 95 % intervals (Wilson; for means of graphs bootstrapped over
items).
"""

import asyncio
import math
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import numpy as np
from workbench import Cells, Workbench, add_options, log_look, opened, results, write

from hswarm.analysis.statistics import bootstrap, wilson
from hswarm.evaluate import Evaluation
from hswarm.graph.dag import LONE, Dag
from hswarm.graph.decode import decode
from hswarm.graph.moves import EDGE_MOVES, ORDER_MOVES, neighbour
from hswarm.graph.shapes import SHAPES
from hswarm.search.found import Candidate
from hswarm.search.racing import race
from hswarm.search.stopping import Bar, Easiness, evaluate_while_it_matters
from hswarm.swarm.random import generator
from hswarm.tasks.task import Bounded, Example

SEED, BATCH, RACING = 0, 20, 100
CONFIDENCE = 0.95
PERMUTATIONS, SAMPLE = 20, 200
LONG = "best graph known"
Row = dict[str, Any]
Evaluate = Callable[[Sequence[Candidate]], Awaitable[list[Evaluation]]]


class Study:
    """One task's rows and how far they have got."""

    def __init__(self, task: str, bench: Workbench, options: Namespace) -> None:
        self.task, self.bench, self.options = task, bench, options
        self.progress = Cells(options.folder / "headroom-dev.jsonl")
        self.finished = Cells(results(options) / "headroom.jsonl")
        self.nodes = len(bench.roster)
        self.easiness = Easiness()

    def place(self, dag: Dag) -> Candidate:
        return Candidate.place(dag, range(len(dag)), self.bench.roster.original_rows())

    def lone(self, row: np.ndarray) -> Candidate:
        return Candidate.place(LONE, [0], [tuple(row.tolist())])

    def key(self, what: str) -> str:
        pool, task = self.bench.pool.fingerprint[:12], self.bench.task.fingerprint[:12]
        return f"{self.task} / {pool} / {task} / {what}"

    async def on_dev(self, what: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return dev utilities, `BATCH` candidates at a time."""

        async def whole(batch: Sequence[Candidate]) -> list[Evaluation]:
            return await self.bench.score(batch, self.bench.task.dev, None)

        return await self.in_batches(what, candidates, BATCH, whole)

    async def raced(self, what: str, candidates: Sequence[Candidate]) -> list[float]:
        """Return dev utilities, `RACING` candidates at a time; NaN of those that fell out."""
        dev = self.bench.task.dev
        order = generator(SEED, "headroom order").permutation(len(dev)).tolist()

        async def raced(batch: Sequence[Candidate]) -> list[Evaluation]:
            async def run(numbers: Sequence[int], part: Sequence[Example]) -> list[Evaluation]:
                return await self.bench.score([batch[k] for k in numbers], part, None)

            return await race(len(batch), dev, order, CONFIDENCE, run)

        return await self.in_batches(f"raced {what}", candidates, RACING, raced)

    async def reaching(
        self, what: str, candidates: Sequence[Candidate], level: float
    ) -> list[float]:
        """Return dev utilities; NaN of those that were found to stay below `level`."""
        dev, ranked = self.bench.task.dev, self.easiness.rank(self.bench.task.dev)
        bar, scorer = Bar(high=math.nextafter(level, -1.0)), self.bench.task.scorer
        assert isinstance(scorer, Bounded)

        async def as_far(candidate: Candidate) -> Evaluation:
            async def run(part: Sequence[Example]) -> Evaluation:
                return (await self.bench.score([candidate], part, None))[0]

            return await evaluate_while_it_matters(dev, bar, scorer.bounds, ranked, run)

        async def part(batch: Sequence[Candidate]) -> list[Evaluation]:
            done = await asyncio.gather(*map(as_far, batch))
            for evaluation in done:
                self.easiness.add(dev, evaluation.scores)
            return done

        return await self.in_batches(what, candidates, BATCH, part)

    async def in_batches(
        self, what: str, candidates: Sequence[Candidate], size: int, evaluated: Evaluate
    ) -> list[float]:
        """Return dev utilities, NaN where unknown; a batch is a step of the memo."""
        utilities: list[float] = []
        for first in range(0, len(candidates), size):
            batch = candidates[first : first + size]
            key = self.key(f"{what} {first}-{first + len(batch)}")
            row = self.progress.rows.get(key)
            if row is None:
                memo, before = self.bench.memo, self.bench.memo.usage.generated_tokens
                # What a killed batch had asked for is counted when it is asked for again.
                memo.begin_step(self.step())
                done = await evaluated(batch)
                memo.flush()
                tokens = memo.usage.generated_tokens - before
                values = [None if math.isnan(e.utility) else e.utility for e in done]
                row = self.progress.add(key, dev=values, tokens=tokens)
                best = max((value for value in values if value is not None), default=math.nan)
                print(key, f"best {best:.3f}, {tokens:,} tokens", flush=True)
            utilities += [math.nan if value is None else value for value in row["dev"]]
        return utilities

    def step(self) -> int:
        """Count what is done: a killed program goes on with the step that it had begun."""
        return len(self.progress.rows) + len(self.finished.rows)

    def tokens(self) -> int:
        """Tokens generated on dev so far, all rows of the task together."""
        start = self.key("")
        rows = self.progress.rows.items()
        return sum(row.get("tokens", 0) for key, row in rows if key.startswith(start))

    async def best_of(self, what: str, candidates: Sequence[Candidate]) -> tuple[Candidate, float]:
        return best_known(candidates, await self.on_dev(what, candidates))

    async def finish(self, name: str, chosen: Sequence[Candidate], dev: float) -> Row:
        """Look at test once: the mean over the chosen systems, item by item."""
        key = self.key(f"{name}, {self.options.long} long" if name == LONG else name)
        row = self.finished.rows.get(key)
        if row is None:
            tokens = self.tokens()
            self.bench.memo.begin_step(self.step())
            total = np.zeros(len(self.bench.task.test))
            for first in range(0, len(chosen), BATCH):
                batch = chosen[first : first + BATCH]
                for evaluation in await self.bench.score(batch, self.bench.task.test, None):
                    total += [score or 0.0 for score in evaluation.scores]
            low, high = interval(total / len(chosen), one=len(chosen) == 1)
            log_look("headroom", {"task": self.task, "variant": name}, self.bench, self.options)
            row = self.finished.add(
                key,
                task=self.task,
                row=name,
                dev=dev,
                test=float(total.mean() / len(chosen)),
                low=low,
                high=high,
                dev_tokens=tokens,
                systems=[candidate.to_json() for candidate in chosen[:1]],
            )
            print(key, f"dev {row['dev']:.3f}, test {row['test']:.3f}", flush=True)
        return row

    async def known_best(self, candidates: dict[str, list[Candidate]]) -> Row:
        """Do the long search: the best of random graphs and chains, then moves from there."""
        best, utility = max(
            [
                best_known(several, await self.raced(what, several))
                for what, several in candidates.items()
            ],
            key=lambda pair: pair[1],
        )
        here, level = best, utility
        for first in range(0, self.options.long, BATCH):
            count = min(BATCH, self.options.long - first)
            moved = [
                neighbour(here.dag, moves, generator(SEED, "headroom move", first + k))
                for k, moves in zip(range(count), alternate(), strict=False)
            ]
            tried = [self.place(dag) for dag in moved]
            utilities = await self.reaching(f"moves from {first}", tried, level)
            if np.isnan(utilities).all():
                continue
            candidate, reached = best_known(tried, utilities)
            # A plateau is crossed; only what is better is better.
            if reached >= level:
                here, level = candidate, reached
            if reached > utility:
                best, utility = candidate, reached
        return await self.finish(LONG, [best], utility)


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
        graphs = [one.place(random_graph(nodes, k)) for k in range(long)]
        chains = [one.place(permuted("chain", nodes, k)) for k in range(long)]
        stars = [one.place(permuted("star", nodes, k)) for k in range(PERMUTATIONS)]
        sample, few = graphs[:SAMPLE], chains[:PERMUTATIONS]

        rows = []
        for name, candidate in (("base", base), ("uniform soup", soup)):
            rows.append(
                await one.finish(name, [candidate], (await one.on_dev(name, [candidate]))[0])
            )
        found, dev = await one.best_of("singles", singles)
        rows.insert(1, await one.finish("best single", [found], dev))
        dev = float(np.mean(await one.on_dev("graphs", sample)))
        rows.append(await one.finish(f"random graphs, mean of {len(sample)}", sample, dev))
        for shape, several in (("chains", few), ("stars", stars)):
            found, dev = await one.best_of(shape, several)
            rows.append(await one.finish(f"best of {len(several)} {shape}", [found], dev))
        rows.append(await one.known_best({"graphs": graphs, "chains": chains}))
        return rows


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| task | system | dev | test | 95 % | tokens on dev so far |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['task']} | {row['row']} | {row['dev']:.3f} | {row['test']:.3f} "
        f"| {row['low']:.3f} … {row['high']:.3f} | {row['dev_tokens']:,} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    add_options(parser, "headroom")
    parser.add_argument("--long", type=int, default=2_000, help="graphs, chains and moves, each")
    options = parser.parse_args()
    rows: list[Row] = []
    for task in options.tasks.split(","):
        rows += asyncio.run(study(task, options))
    write("headroom", __doc__, table(rows), options)


if __name__ == "__main__":
    main()
