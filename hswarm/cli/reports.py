"""`hswarm report` and `compare`: what happened, as a page, figures and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

REPORT_EPILOG: Final = """Examples:

  hswarm report runs/NAME
  hswarm report runs/NAME --ask            the models answer what they were not asked
  hswarm report runs/NAME --axes friends,jobs
  hswarm report runs/NAME --judge large    roles by a remote model of the pool"""

COMPARE_EPILOG: Final = """Examples:

  hswarm compare runs/ONE runs/OTHER
  hswarm compare runs/gaia-text-* --out comparison"""


def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to write; by default into the run's folder."),
    ] = None,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Load the models and have them answer what the run did not ask."
        ),
    ] = False,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A remote model of the pool, or a YAML file of one, that labels roles.",
        ),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Draw the ways through weight space by two experts; by default the main plane.",
        ),
    ] = None,
) -> None:
    """Write what a run found as one page of HTML, with figures and every number.

    What was found and how sure that is, how it got there, what each model
    does in the graph, what it cost: report.html, and in report/ the figures as
    PNG and SVG and the numbers as CSV.
    """
    from hswarm.cli.reported import report_shown

    report_shown(run, out, ask=ask, judge=judge, axes=axes)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Finished runs.", metavar="RUN…")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write comparison.html, figures and numbers there, too."),
    ] = None,
) -> None:
    """Put runs side by side: in what they differ, how they did, what that says.

    The first is tested against the others on the same items.
    """
    from hswarm.cli.reported import compare_shown

    compare_shown(runs, out)
