"""`hswarm sweep`: many runs of one search, with hyperparameters drawn from a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hswarm.cli import options

EPILOG: Final = """Examples:

  hswarm sweep --task gaia-text --runs 50
  hswarm sweep --task nlgraph --method model-swarms --preset paper --sampler tpe
  hswarm sweep --task gaia-text --processes 4
  hswarm sweep --task gaia-text --grid step_length=0.1,0.2,0.4 --grid search.role.top_p=0,0.3
  hswarm sweep --resume runs/sweep-NAME      also while it runs: one more process takes part

Without --grid, the papers' grids of inertia, cognitive, social and repel coefficients and of the
step length. What was found: hswarm show sweep runs/sweep-NAME"""

_DRAW: Final = "What to draw"
_SEARCH: Final = "What each run is"
_FOLDER: Final = "Where to write, who does it"


def sweep(
    *,
    task: Annotated[
        str | None, typer.Option(help="The task of all runs.", rich_help_panel=_SEARCH)
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many to draw, by default 50; with --resume, more than there were.",
            rich_help_panel=_DRAW,
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            help="random, as in the papers, or tpe, which learns from what is done.",
            rich_help_panel=_DRAW,
        ),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=A,B,…",
            help="A setting and what it may be, instead of the papers' grids; can be repeated.",
            rich_help_panel=_DRAW,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of the draws, and of every search.", rich_help_panel=_DRAW),
    ] = None,
    pool: Annotated[str | None, options.pool(_SEARCH)] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="heterogeneous, role-only, weight-only or model-swarms.", rich_help_panel=_SEARCH
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="default or paper.", rich_help_panel=_SEARCH)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Where the data is from.", rich_help_panel=_SEARCH),
    ] = None,
    limit: Annotated[str | None, options.limit(_SEARCH)] = None,
    max_iterations: Annotated[int | None, options.iterations(_SEARCH)] = None,
    max_tokens: Annotated[int | None, options.tokens(_SEARCH)] = None,
    max_evaluations: Annotated[
        int | None,
        typer.Option(help="Systems that each search runs on dev.", rich_help_panel=_SEARCH),
    ] = None,
    set_: Annotated[
        list[str] | None,
        options.setting(_SEARCH),
    ] = None,
    processes: Annotated[int | None, options.processes(_FOLDER)] = None,
    threads: Annotated[int | None, options.threads(_FOLDER)] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The sweep's folder; by default runs/sweep-TIME.",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Go on with a sweep, or take part in it.", rich_help_panel=_FOLDER
        ),
    ] = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry", help="With --resume: do failed runs again.", rich_help_panel=_FOLDER
        ),
    ] = False,
    quiet: Annotated[bool, options.quiet(_FOLDER)] = False,
) -> None:
    """Run a search many times with hyperparameters drawn from a grid, and say what they do.

    All runs ask through one memo. They are kept in a file of Optuna's, so that a sweep goes on
    after any interruption, and any number of processes take part in it.
    """
    from hswarm.cli.company import Hands
    from hswarm.cli.settings import collect, read_choices
    from hswarm.cli.swept import begin_sweep, resume_sweep
    from hswarm.errors import HswarmError

    given = {
        "search.method": method,
        "search.max_iterations": max_iterations,
        "budget.max_tokens": max_tokens,
        "budget.max_evaluations": max_evaluations,
    }
    settings = collect(None, set_ or (), {k: v for k, v in given.items() if v is not None})
    hands = Hands(processes, threads)
    named = {
        "task": task, "sampler": sampler, "seed": seed, "pool": pool, "search_preset": preset,
        "data": data, "limit": limit, "grid": read_choices(grid) if grid else None,
    }  # fmt: skip
    asked: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
    if resume is not None:
        refused = [*asked, *(["out"] if out else []), *settings]
        if refused:
            raise HswarmError(
                f"{', '.join(refused)} cannot be given with --resume: the sweep has its settings.",
                hint="Only --runs can be raised; begin another sweep for other settings.",
            )
        resume_sweep(resume, runs, hands, retry=retry, quiet=quiet)
        return
    if retry:
        raise HswarmError(
            "--retry goes with --resume.",
            hint="To do the failed runs of a sweep again: hswarm sweep --resume DIR --retry",
        )
    if task is None:
        raise HswarmError("Which task? Name it by --task.", hint="Tasks: hswarm show tasks")
    asked = {**asked, "settings": settings, **({"runs": runs} if runs is not None else {})}
    begin_sweep(asked, out, hands, quiet=quiet)
