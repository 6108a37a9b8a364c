"""Tasks, pools and graphs as `hswarm show` prints them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import Final

from hswarm.agents.pool import read_pool
from hswarm.catalog import Kind, find, names, read_yaml
from hswarm.cli.console import open_console, print_next
from hswarm.cli.summary import BUNDLED
from hswarm.cli.tables import fact_table, plain_table
from hswarm.config import SEARCHES
from hswarm.errors import HswarmError
from hswarm.graph.draw import draw_text
from hswarm.graph.named import NamedGraph, read_graph
from hswarm.tasks.load import load_task
from hswarm.tasks.spec import read_spec

DRAWN_NODES: Final = 5
"""Nodes on which a graph that fits any number of them is drawn."""


def print_tasks() -> None:
    """Print every task in a few words."""

    def describe(path: Path) -> list[str]:
        spec = read_spec(path)
        first_sentence = re.split(r"(?<=[.?!]) ", spec.description, maxsplit=1)[0]
        return [f"{spec.data.dev} + {spec.data.test}", spec.metric, first_sentence]

    _print_all("tasks", ["dev + test", "metric", "what it is"], describe)


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

    table = plain_table(["method", "kind", "what it does"])
    for search in reversed(SEARCHES):
        table.add_row(search, "search", _SEARCHES[search])
    for name, baseline in BASELINES.items():
        table.add_row(name, baseline.kind, baseline.about)
    console = open_console()
    console.print(table)
    print_next(console, ["hswarm optimize --task gaia-text --method greedy-soup"])


def print_task(name: str) -> None:
    """Print a task, with an item of it; HswarmError if there is no such task."""
    spec, task = read_spec(find("tasks", name)), load_task(name)
    item = task.dev[0]
    console = open_console()
    console.print(
        fact_table(
            {
                "task": task.title,
                "": BUNDLED if task.bundled else "",
                "what it is": spec.description,
                "stands for": f"{spec.title}, {spec.citation}",
                "items": f"{len(task.dev)} dev, {len(task.test)} test",
                "scored by": f"{spec.scorer.name} ({spec.metric})",
                "an item": item.question,
                "its context": "\n".join(item.context_chunks),
                "its answer": " or ".join(item.answers),
            }
        )
    )
    print_next(console, [f"hswarm optimize --task {quote(name)}"])


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


def _print_all(kind: Kind, headings: list[str], describe: Callable[[Path], list[str]]) -> None:
    """Print a row for each entry; what is wrong with a damaged one goes to stderr."""
    table = plain_table([kind.removesuffix("s"), *headings])
    damaged = []
    for name in names(kind):
        try:
            table.add_row(name, *describe(find(kind, name)))
        except HswarmError as error:
            damaged.append(str(error))
    open_console().print(table)
    for line in damaged:
        open_console(stderr=True).print(line, soft_wrap=True)
