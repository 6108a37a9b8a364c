"""`hswarm experts`: make the experts that come with the package; add and remove a run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from hswarm.making.plan import Plan
    from hswarm.making.train import Report

app = typer.Typer(
    no_args_is_help=True,
    help="Make experts; add some to a run that was searched, or remove them from it.",
    epilog="""Examples:

  hswarm experts train my-pool.yaml          LoRA experts of a base on data that the pool names
  hswarm experts build tiny                  the pool that comes along, from nothing
  hswarm experts table                       measure what each of them can do
  hswarm experts add runs/NAME my-adapter    one more expert; then go on searching
  hswarm experts remove runs/NAME friends    no trace of an expert; then go on searching""",
)

_RECIPES: Final = {
    "tiny": "about two and a half hours on 2 cores",
    "mixed": "about half an hour on 2 cores",
}
"""Pool -> how long it takes."""
_MODULES: Final = {"tiny": "hswarm.tiny.build", "mixed": "hswarm.tiny.mixed"}


@app.callback()
def experts() -> None:
    """Make experts; add some to a run that was searched, or remove them from it."""


@app.command(
    epilog="""Examples:

  hswarm experts train my-pool.yaml              those that are not there yet
  hswarm experts train my-pool.yaml --out DIR    all of them, into a folder of its own
  hswarm experts train mistral-7b-tulu           of a pool that comes along: into ./mistral-7b-tulu

The pool names what each expert is trained on, a JSONL file or a part of Tulu-v2:
  base: google/gemma-7b-it
  prompt: chat
  experts: {reasoning: ./experts/reasoning, mine: ./experts/mine}
  data: {reasoning: "tulu-v2:cot", mine: my.jsonl}
  training: {epochs: 5, learning_rate: 2e-4, batch: 32, rank: 16}"""
)
def train(
    pool: Annotated[str, typer.Argument(help="A pool's YAML file or name.", metavar="POOL")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to train all of them to, with a pool file."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda …")] = "auto",
) -> None:
    """Train LoRA experts of a base on data that a pool names, by the papers' recipe or the pool's.

    What is complete is kept, and an expert that was interrupted goes on from its last checkpoint.
    Beside the pool file, POOL-training/ then has how the loss went down and what every expert's is
    on held-out data.
    """
    from hswarm.cli.console import open_console
    from hswarm.making.plan import read_plan

    plan = read_plan(pool, out)
    console = open_console(stderr=True)
    names = [course.name for course in plan.courses]
    many = f"Training {len(names)}: {', '.join(names)}." if names else "All experts are there."
    console.print(many, soft_wrap=True)
    again = f"hswarm experts train {quote(pool)}{f' --out {quote(str(out))}' if out else ''}"
    _train(plan, lambda report: None, {}, again, device)


@app.command(epilog="For example: hswarm experts build tiny --out my-tiny")
def build(
    pool: Annotated[str, typer.Argument(help="The pool to build: tiny or mixed.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder to build into, by default the pool's name.")
    ] = None,
) -> None:
    """Train a pool from nothing: its base, then its experts as `hswarm experts train` does.

    What the folder already holds is kept, so it can be interrupted. It needs no network and no GPU.
    """
    from hswarm.catalog import unknown
    from hswarm.cli.console import open_console
    from hswarm.experts.supervised import import_trl
    from hswarm.making.plan import read_plan

    if pool not in _RECIPES:
        raise unknown("recipe for a pool", pool, _RECIPES)
    import_trl("experts build")
    out = out or Path(pool)
    open_console(stderr=True).print(
        f"Training the pool {pool} into {out}: {_RECIPES[pool]}.", soft_wrap=True
    )
    recipe: Any = import_module(_MODULES[pool])
    plan = read_plan(str(recipe.lay_out(out)))
    again = f"hswarm experts build {pool} --out {quote(str(out))}"
    _train(plan, lambda report: recipe.train_bases(out, report), recipe.work(), again, "cpu")


def _train(
    plan: Plan,
    first: Callable[[Report], None],
    work: Mapping[str, float],
    again: str,
    device: str,
) -> None:
    """Do what comes `first`, and takes so much `work`; then train a plan, watched."""
    from hswarm.cli.console import open_console, print_next
    from hswarm.cli.training import TrainingView
    from hswarm.making.train import train_pool

    console = open_console(stderr=True)
    try:
        with TrainingView(console, {**work, **plan.work}) as view:
            first(view.report)
            pool_file = train_pool(plan, view.report, device=device)
    except KeyboardInterrupt:
        console.print(f"Interrupted. To go on: {again}", soft_wrap=True)
        raise typer.Exit(130) from None
    table = plan.record / "held-out.md"
    if table.is_file():
        open_console().print(table.read_text(encoding="utf-8"), soft_wrap=True, markup=False)
    console.print(f"Done: {pool_file}; losses and held-out data: {plan.record}", soft_wrap=True)
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
