"""`hswarm show`: what there is to run with, and what a run found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Show tasks, agents, graphs and methods to run with, and what a run found.",
    epilog="""Examples:

  hswarm show tasks              every task in one line
  hswarm show tasks gaia-text    one of them, with an item
  hswarm show agents tiny        a pool and its experts
  hswarm show tokens mixed       what of a pool can be mixed by tokens, and what not
  hswarm show graphs star        a graph, drawn
  hswarm show methods            what to search by, and what to compare it with
  hswarm show run runs/NAME      what a run found
  hswarm show sweep runs/NAME    what a sweep found, hyperparameter by hyperparameter
  hswarm show item runs/NAME 3   one problem through the graph""",
)

_Name = Annotated[str | None, typer.Argument(help="One of them, or the path of its YAML file.")]


@app.command("task", hidden=True, epilog="For example: hswarm show task gaia-text")
@app.command(epilog="For example: hswarm show tasks gaia-text")
def tasks(name: _Name = None) -> None:
    """List the tasks, or show one with an item of it."""
    from hswarm.cli import catalogues

    if name is None:
        catalogues.print_tasks()
    else:
        catalogues.print_task(name)


@app.command(epilog="For example: hswarm show agents tiny")
def agents(name: _Name = None) -> None:
    """List the pools of agents, or show one with its experts."""
    from hswarm.cli import catalogues

    if name is None:
        catalogues.print_pools()
    else:
        catalogues.print_pool(name)


@app.command(epilog="For example: hswarm show tokens mixed")
def tokens(
    name: Annotated[str, typer.Argument(help="A pool's name or YAML file.", metavar="POOL")],
    everything: Annotated[
        bool, typer.Option("--all", help="List every token that is not shared.")
    ] = False,
) -> None:
    """Show which tokens the bases of a pool share, and which not: for --mix tokens."""
    from hswarm.cli.vocabularies import print_tokens

    print_tokens(name, everything=everything)


@app.command(epilog="For example: hswarm show graphs star")
def graphs(name: _Name = None) -> None:
    """List the named graphs, or draw one."""
    from hswarm.cli import catalogues

    if name is None:
        catalogues.print_graphs()
    else:
        catalogues.print_graph(name)


@app.command(epilog="For example: hswarm optimize --task gaia-text --method greedy-soup")
def methods() -> None:
    """List the methods: searches with swarms, and baselines of the papers' five kinds."""
    from hswarm.cli import catalogues

    catalogues.print_methods()


@app.command(epilog="For example: hswarm show run runs/gaia-text-20260131-120000")
def run(
    folder: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
) -> None:
    """Show what a run found, and write its graph as graph.svg into the run's folder."""
    from hswarm.cli.records import print_run

    print_run(folder)


@app.command(epilog="For example: hswarm show sweep runs/sweep-20260131-120000")
def sweep(
    folder: Annotated[Path, typer.Argument(help="The sweep's folder.", metavar="SWEEP")],
) -> None:
    """Show the best runs of a sweep and the effect of each hyperparameter, and draw it there."""
    from hswarm.cli.swept import print_sweep

    print_sweep(folder)


@app.command(epilog="For example: hswarm show item runs/NAME test:3")
def item(
    folder: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    identifier: Annotated[str, typer.Argument(help="Its id, or its place: dev:0, test:3 …")],
    ask: Annotated[
        bool, typer.Option("--ask", help="Have the models answer what the run did not ask.")
    ] = False,
) -> None:
    """Show one problem through the found graph: prompts, answers, score, the single models.

    Nothing is asked again: it is read from the run's memo.
    """
    from hswarm.cli.reported import print_item

    print_item(folder, identifier, ask=ask)
