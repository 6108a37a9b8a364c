"""`hswarm runs`: the runs of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

EPILOG: Final = """Examples:

  hswarm runs               those in ./runs
  hswarm runs /data/runs    those elsewhere"""


def runs(
    folder: Annotated[Path, typer.Argument(help="Where the runs lie.", metavar="DIR")] = Path(
        "runs"
    ),
) -> None:
    """List runs: finished, interrupted, or still running."""
    from hswarm.cli.records import print_runs

    print_runs(folder)
