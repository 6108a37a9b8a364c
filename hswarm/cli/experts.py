"""`hswarm experts`: make the experts that come with the package; add and remove a run's."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Final

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Make experts; add some to a run that was searched, or remove them from it.",
    epilog="""Examples:

  hswarm experts build tiny                  train the pool that comes along
  hswarm experts table                       measure what each of them can do
  hswarm experts add runs/NAME my-adapter    one more expert; then go on searching
  hswarm experts remove runs/NAME friends    no trace of an expert; then go on searching""",
)

_RECIPES: Final = {
    "tiny": "about two hours on 2 cores",
    "mixed": "about half an hour on 2 cores",
}
"""Pool -> how long it takes."""
_MODULES: Final = {"tiny": "hswarm.tiny.build", "mixed": "hswarm.tiny.mixed"}


@app.callback()
def experts() -> None:
    """Make experts; add some to a run that was searched, or remove them from it."""


@app.command(epilog="For example: hswarm experts build tiny --out my-tiny")
def build(
    pool: Annotated[str, typer.Argument(help="The pool to build: tiny or mixed.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder to build into, by default the pool's name.")
    ] = None,
) -> None:
    """Train a pool from nothing. What the folder already holds is kept, so it can be interrupted.

    It needs no network and no GPU.
    """
    from hswarm.catalog import unknown
    from hswarm.cli.console import open_console, print_next
    from hswarm.cli.training import TrainingView

    if pool not in _RECIPES:
        raise unknown("recipe for a pool", pool, _RECIPES)
    out = out or Path(pool)
    console = open_console(stderr=True)
    console.print(f"Training the pool {pool} into {out}: {_RECIPES[pool]}.", soft_wrap=True)
    recipe: Any = import_module(_MODULES[pool])

    try:
        with TrainingView(console, recipe.WORK) as view:
            pool_file = recipe.build(out, view.report)
    except KeyboardInterrupt:
        console.print(f"Interrupted. To go on: hswarm experts build {pool} --out {out}")
        raise typer.Exit(130) from None
    console.print(f"Done: base model and experts are in {out}", soft_wrap=True)
    print_next(console, [f"hswarm optimize --task gaia-text --pool {quote(str(pool_file))}"])


_Run = Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")]
_Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The new run's folder; by default beside RUN.")
]


@app.command(
    epilog="""Examples:

  hswarm experts add runs/NAME my-adapter
  hswarm experts add runs/NAME chemistry=someone/chem-lora --out runs/with-chemistry"""
)
def add(
    run: _Run,
    expert: Annotated[
        str, typer.Argument(help="A folder or hub id, or NAME=SOURCE.", metavar="EXPERT")
    ],
    family: Annotated[
        str | None, typer.Option(help="The family that it joins, where there are several.")
    ] = None,
    out: _Out = None,
) -> None:
    """Make a run of one that was searched, with one more expert, to go on with.

    The expert walks with the others and has an influence on them once it is the best of all.
    """
    from hswarm.cli.membership import print_changed
    from hswarm.modularity import add_expert

    print_changed(add_expert(run, expert, family=family, out=out))


@app.command(
    epilog="""Examples:

  hswarm experts remove runs/NAME friends
  hswarm experts remove runs/NAME friends --as paper --out runs/unpulled"""
)
def remove(
    run: _Run,
    expert: Annotated[str, typer.Argument(help="Its name in the run's pool.", metavar="EXPERT")],
    column: Annotated[
        bool,
        typer.Option(
            "--column", help="Drop its share of every model: nothing depends on its weights then."
        ),
    ] = False,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="paper", help="Replay the search without its pull on the others."
        ),
    ] = None,
    out: _Out = None,
) -> None:
    """Make a run of one that was searched, without one of its experts, to go on with.

    By default by --column. RUN itself stays as it is.
    """
    from hswarm.cli.membership import print_changed, way_out
    from hswarm.modularity import remove_expert

    how = way_out(column=column, as_=as_)
    print_changed(remove_expert(run, expert, how=how, out=out))


@app.command(epilog="For example: hswarm experts table --limit 100")
def table(
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items per task; all by default.")
    ] = None,
    probes: Annotated[int, typer.Option(min=1, help="Exchanges per skill.")] = 100,
) -> None:
    """Measure what each model of the tiny pool can and cannot do, alone, on held-out items."""
    from hswarm.api import measure_pool
    from hswarm.cli.console import open_console
    from hswarm.cli.tables import plain_table

    open_console(stderr=True).print("Measuring every model of the pool; this takes minutes.")
    abilities = measure_pool(limit=limit, probes=probes)
    console = open_console()
    for what in ("tasks", "skills"):
        columns = list(getattr(abilities[0], what))
        heading = (
            "alone on the bundled test items" if what == "tasks" else "the next step of a kind"
        )
        console.print(f"\nAccuracy in %, {heading}:\n")
        lines = plain_table(["model", *columns], right=columns, gap=1)
        for ability in abilities:
            scores = getattr(ability, what)
            lines.add_row(ability.model, *(f"{100 * scores[name]:.0f}" for name in columns))
        console.print(lines, soft_wrap=True)
