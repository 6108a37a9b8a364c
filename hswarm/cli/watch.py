"""`hswarm watch`: a running search in the browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

EPILOG: Final = """Examples:

  hswarm watch runs/NAME              http://127.0.0.1:8001
  hswarm watch runs/NAME --port 9001

It reads the run's folder: the search may run elsewhere, or be over."""


def watch(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    *,
    host: Annotated[str, typer.Option(help="Another than this machine's own needs a key.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8001,
    key_env: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable that holds the key.")
    ] = "HSWARM_KEY",
) -> None:
    """Follow a search in the browser, live; a finished run shows what it found.

    The best utility, every particle of both swarms, the best graph so far.
    Nothing is fetched from elsewhere: it works without a network.
    """
    from hswarm.cli.serving import watch_shown

    watch_shown(run, host=host, port=port, key=os.environ.get(key_env) or None, variable=key_env)
