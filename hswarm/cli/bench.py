"""`hswarm bench`: methods × tasks × seeds as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from hswarm.cli import options

EPILOG: Final = """Examples:

  hswarm bench --preset quick
  hswarm bench --tasks gaia-text,nlgraph --methods chain,heterogeneous --seeds 5
  hswarm bench --preset papers --pool my-pool.yaml --out papers
  hswarm bench --preset ablations --data authors    each of seven parts of Model Swarms left out
  hswarm bench --resume papers --retry

Ctrl-C leaves a bench that can be resumed. Tasks there are: hswarm show tasks"""

_GRID: Final = "What to run"
_SEARCH: Final = "How each cell is run"
_FOLDER: Final = "Where to write, what to print"


def bench(
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            help="quick (minutes, on the embedded pool), baselines (every method on it), papers"
            " (both papers' grids), ablations or randomness (Model Swarms, Tables 7 and 6).",
            rich_help_panel=_GRID,
        ),
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Tasks.", rich_help_panel=_GRID)
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Methods, such as chain,heterogeneous: hswarm show methods.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="Seeds 0 to N-1.", rich_help_panel=_GRID)
    ] = None,
    pool: Annotated[str | None, options.pool(_GRID)] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Where all tasks' data is from: bundled, authors, hub or imported.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    limit: Annotated[str | None, options.limit(_GRID)] = None,
    permutations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Random orders per shape.", rich_help_panel=_SEARCH),
    ] = None,
    search_preset: Annotated[
        str | None, typer.Option(help="default or paper.", rich_help_panel=_SEARCH)
    ] = None,
    max_iterations: Annotated[int | None, options.iterations(_SEARCH)] = None,
    max_tokens: Annotated[int | None, options.tokens(_SEARCH)] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Seconds of each search.", rich_help_panel=_SEARCH)
    ] = None,
    max_dollars: Annotated[
        float | None, typer.Option(help="Dollars of the whole bench.", rich_help_panel=_SEARCH)
    ] = None,
    max_evaluations: Annotated[
        int | None,
        typer.Option(
            help="Systems that each method runs on the whole of dev: equal cost.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        options.setting(_SEARCH),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The bench's folder; by default runs/bench-TIME.",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Go on with a bench, or take part in it.", rich_help_panel=_FOLDER
        ),
    ] = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry", help="With --resume: try failed cells again.", rich_help_panel=_FOLDER
        ),
    ] = False,
    processes: Annotated[int | None, options.processes(_FOLDER)] = None,
    threads: Annotated[int | None, options.threads(_FOLDER)] = None,
    quiet: Annotated[bool, options.quiet(_FOLDER)] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the table as JSON.", rich_help_panel=_FOLDER)
    ] = False,
) -> None:
    """Run methods on tasks with several seeds, and put them side by side.

    Every cell of the table is kept when it is done, and any number of processes take part. The
    table is written as Markdown, CSV and JSON, with confidence intervals and what is significant.
    """
    from hswarm.cli.benched import begin_watched, resume_watched
    from hswarm.cli.company import Hands
    from hswarm.cli.settings import collect
    from hswarm.errors import HswarmError

    grid = {
        "tasks": tasks,
        "methods": methods,
        "seeds": seeds,
        "pool": pool,
        "data": data,
        "limit": limit,
        "permutations": permutations,
        "search_preset": search_preset,
    }
    given = {
        "search.max_iterations": max_iterations,
        "budget.max_tokens": max_tokens,
        "budget.max_seconds": max_seconds,
        "budget.max_evaluations": max_evaluations,
        "budget.max_dollars": max_dollars if resume is None else None,
    }
    settings = collect(None, set_ or (), {k: v for k, v in given.items() if v is not None})
    hands = Hands(processes, threads)
    asked = {key: value for key, value in grid.items() if value is not None}
    if resume is not None:
        refused = [*asked, *(["out"] if out else []), *(["preset"] if preset else []), *settings]
        if refused:
            raise HswarmError(
                f"{', '.join(refused)} cannot be given with --resume: the bench has its settings.",
                hint="Only --max-dollars can be raised; begin another bench for other settings.",
            )
        resume_watched(resume, max_dollars, hands, retry=retry, quiet=quiet, json=json)
    elif retry:
        raise HswarmError(
            "--retry goes with --resume.",
            hint="To try the failed cells of a bench again: hswarm bench --resume DIR --retry",
        )
    else:
        begin_watched(preset, {**asked, "settings": settings}, out, hands, quiet=quiet, json=json)
