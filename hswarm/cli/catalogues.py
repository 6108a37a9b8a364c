"""Tasks, pools and graphs as `hswarm show` prints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import Final, cast

from hswarm.agents.pool import read_pool
from hswarm.catalog import Kind, find, names, read_yaml
from hswarm.cli.console import open_console, print_next
from hswarm.cli.summary import BUNDLED
from hswarm.cli.tables import fact_table, plain_table
from hswarm.config import SEARCHES
from hswarm.errors import HswarmError
from hswarm.graph.draw import draw_text
from hswarm.graph.named import NamedGraph, read_graph
from hswarm.tasks.load import ECOSYSTEM, load_task
from hswarm.tasks.sources import Source, is_here, sources_of
from hswarm.tasks.spec import TaskSpec, read_spec
from hswarm.tasks.task import Task

DRAWN_NODES: Final = 5
"""Nodes on which a graph that fits any number of them is drawn."""


def print_tasks() -> None:
    """Print every task in a few words."""

    def describe(path: Path) -> list[str]:
        spec = read_spec(path)
        return [spec.category, _size(spec), spec.scorer.name, _here(spec)]

    _print_all("tasks", ["category", "dev + test", "scorer", "data (* here)"], describe, gap=1)


def _size(spec: TaskSpec) -> str:
    """Return the papers' sizes, or else those of the bundled set."""
    sizes = spec.data.paper or spec.data
    if sizes.dev is None or sizes.test is None:
        return f"{len(spec.data.parts)} tasks" if spec.data.parts else ""
    return f"{sizes.dev} + {sizes.test}"


def _here(spec: TaskSpec) -> str:
    """Return a task's sources, each with a star if its data is on this machine."""
    if spec.data.parts:
        return "of its parts"
    there = [*sources_of(spec), *(["imported"] if is_here(spec, "imported") else [])]
    if spec.data.file is not None:
        there = ["file", *there]
    shown = [
        f"{name}*" if name == "file" or is_here(spec, cast(Source, name)) else name
        for name in there
    ]
    return ", ".join(shown) or "none to pull"


def print_pools() -> None:
    """Print every pool in a few words."""

    def describe(path: Path) -> list[str]:
        pool = read_pool(path)
        return [str(len(pool.agents)), pool.description]

    _print_all("agents", ["agents", "what it is"], describe)


def print_graphs() -> None:
    """Print every named graph in a few words."""
    _print_all("graphs", ["what it is"], lambda path: [_read_graph(path).description])


_SEARCHES: Final[Mapping[str, str]] = {
    "heterogeneous": "who reads whom, and everybody's weights",
    "role-only": "who reads whom",
    "weight-only": "everybody's weights, in the best of some random graphs",
    "model-swarms": "everybody's weights, each alone",
}


def print_methods() -> None:
    """Print every method in a few words."""
    from hswarm.baselines.methods import BASELINES

    table = plain_table(["method", "kind", "evaluations", "what it does"])
    for search in reversed(SEARCHES):
        table.add_row(search, "search", "by its settings", _SEARCHES[search])
    for name, baseline in BASELINES.items():
        table.add_row(name, baseline.kind, baseline.evaluations, baseline.about)
    console = open_console()
    console.print(table)
    console.print(
        "\nEvaluations: systems run on all dev items, at most, of n agents; --max-evaluations says"
        " how many."
    )
    print_next(console, ["hswarm optimize --task gaia-text --method greedy-soup"])


def print_task(name: str) -> None:
    """Print a task, with an item of it if its data is here; HswarmError if there is none such."""
    console = open_console()
    if name.partition(":")[0] in ECOSYSTEM:
        task = load_task(name)
        console.print(fact_table({"task": task.title, **_describe(task)}))
        print_next(console, [f"hswarm optimize --task {quote(name)}"])
        return
    spec = read_spec(find("tasks", name))
    facts = {
        "what it is": spec.description,
        "stands for": f"{spec.title}, {spec.citation}" if spec.citation else "",
        "category": spec.category,
        "in the papers": _published(spec),
        "data (* is here)": _here(spec),
    }
    try:
        task = load_task(name)
    except HswarmError as error:
        scored = {"scored by": f"{spec.scorer.name} ({spec.metric})"}
        console.print(fact_table({"task": spec.name, **facts, **scored}))
        console.print(f"\n{error}", soft_wrap=True)
        print_next(console, [error.hint.removeprefix("Run: ")])
        return
    bundled = {"": BUNDLED if task.bundled else ""}
    console.print(fact_table({"task": task.title, **bundled, **facts, **_describe(task)}))
    print_next(console, [f"hswarm optimize --task {quote(name)}"])


def _published(spec: TaskSpec) -> str:
    """Return the papers' sizes, and what does not agree with them."""
    paper = spec.data.paper
    return f"{paper.dev} dev, {paper.test} test. {paper.note}".rstrip() if paper else ""


def _describe(task: Task) -> dict[str, str]:
    item = task.dev[0]
    leaked = f", {task.leaked} of them among the dev items too" if task.leaked else ""
    return {
        "items": f"{len(task.dev)} dev, {len(task.test)} test{leaked}",
        "scored by": f"{task.scorer_name} ({task.metric})",
        "an item": item.question,
        "then": "\n".join(later.question for later in item.rounds),
        "its context": "\n".join(item.context_chunks),
        "its answer": " or ".join(item.answers),
    }


def print_pool(name: str) -> None:
    """Print a pool and its experts; HswarmError if there is no such pool."""
    pool = read_pool(find("agents", name))
    console = open_console()
    console.print(
        fact_table(
            {
                "pool": pool.name,
                "what it is": pool.description,
                "version": pool.version,
                "licence": pool.licence,
                "mixed by": "tokens" if pool.mix == "tokens" else "",
            }
        )
    )
    for family, entry in pool.families.items():
        console.print()
        console.print(
            fact_table(
                {
                    "family": family if len(pool.families) > 1 else "",
                    "base": f"{entry.base} {entry.revision or ''}".rstrip(),
                    "prompt": entry.prompt,
                }
            )
        )
        table = plain_table(["expert", "what it is for", "where it lies"])
        for expert, source in entry.experts.items():
            table.add_row(expert, pool.descriptions.get(expert, ""), source)
        console.print(table)
    if pool.remote:
        console.print()
        table = plain_table(["remote", "what it is for", "where it is"])
        for remote, endpoint in pool.remote.items():
            table.add_row(remote, pool.descriptions.get(remote, ""), endpoint.about)
        console.print(table)
    if pool.tools:
        console.print()
        table = plain_table(["tool", "what it is for", "what it is"])
        for tool, tool_entry in pool.tools.items():
            table.add_row(tool, pool.descriptions.get(tool, ""), tool_entry.about)
        console.print(table)
    print_next(console, [f"hswarm optimize --task gaia-text --pool {quote(name)}"])


def print_graph(name: str) -> None:
    """Draw a named graph; HswarmError if there is no such graph."""
    graph = _read_graph(find("graphs", name))
    own_size = 1 + max((max(edge) for edge in graph.edges or ()), default=0)
    dag = graph.to_dag(own_size if graph.shape is None else DRAWN_NODES)
    console = open_console()
    console.print(f"{graph.name}: {graph.description}\n")
    console.print(draw_text(dag, [f"agent {k}" for k in range(len(dag))]), soft_wrap=True)


def _read_graph(path: Path) -> NamedGraph:
    return read_graph(read_yaml(path), str(path))


def _print_all(
    kind: Kind, headings: list[str], describe: Callable[[Path], list[str]], *, gap: int = 2
) -> None:
    """Print a row for each entry; what is wrong with a damaged one goes to stderr."""
    table = plain_table([kind.removesuffix("s"), *headings], gap=gap)
    damaged = []
    for name in names(kind):
        try:
            table.add_row(name, *describe(find(kind, name)))
        except HswarmError as error:
            damaged.append(str(error))
    open_console().print(table)
    for line in damaged:
        open_console(stderr=True).print(line, soft_wrap=True)
