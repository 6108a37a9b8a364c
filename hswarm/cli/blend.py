"""`hswarm blend`: between what two runs found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

EPILOG: Final = """Examples:

  hswarm blend runs/verbose runs/concise --at 0.3
  hswarm blend runs/verbose runs/concise --at 0.7 --out runs/rather-concise

What comes out is a run like the others, to be shown and exported."""


def blend(
    first: Annotated[Path, typer.Argument(help="A finished run.", metavar="RUN")],
    second: Annotated[
        Path, typer.Argument(help="Another one, over the same pool.", metavar="OTHER")
    ],
    at: Annotated[float, typer.Option(metavar="SHARE", help="How far from RUN to OTHER, 0 to 1.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The new run's folder; by default beside RUN."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Interpolate the models that two runs found, and measure them on both runs' tasks.

    For objectives that pull apart: search for each, then choose between them.
    """
    from shlex import quote

    from rich.text import Text

    from hswarm.cli.console import open_console, print_next
    from hswarm.cli.summary import draw_reports, summarise
    from hswarm.steering import blend_runs
    from hswarm.store.run import read_config

    steered = blend_runs(first, second, at, out)
    if json:
        typer.echo(steered.result.model_dump_json(indent=2))
        return
    console = open_console()
    console.print(summarise(steered.result, read_config(steered.folder)))
    if steered.other is not None:
        task, reports = steered.other
        console.print(Text(f"\n{task}", style="bold"))
        console.print(draw_reports(reports))
    console.print(f"\nThe run is in {steered.folder}", soft_wrap=True)
    there = quote(str(steered.folder))
    print_next(console, [f"hswarm export {there} --out my-pipeline"])
