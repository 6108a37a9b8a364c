"""The command line `hswarm`.

Nothing heavy is imported here or beside a command's options: `hswarm --help` is quick.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Final

import typer

from hswarm import __version__
from hswarm.cli import data, experts, show
from hswarm.cli.bench import EPILOG as BENCH_EPILOG
from hswarm.cli.bench import bench
from hswarm.cli.blend import EPILOG as BLEND_EPILOG
from hswarm.cli.blend import blend
from hswarm.cli.optimize import EPILOG as OPTIMIZE_EPILOG
from hswarm.cli.optimize import optimize
from hswarm.cli.pipelines import ASK_EPILOG, EXPORT_EPILOG, VERIFY_EPILOG, ask, export, verify
from hswarm.cli.reports import COMPARE_EPILOG, REPORT_EPILOG, compare, report
from hswarm.cli.runs import EPILOG as RUNS_EPILOG
from hswarm.cli.runs import runs
from hswarm.cli.serve import EPILOG as SERVE_EPILOG
from hswarm.cli.serve import serve
from hswarm.cli.sweep import EPILOG as SWEEP_EPILOG
from hswarm.cli.sweep import sweep
from hswarm.cli.watch import EPILOG as WATCH_EPILOG
from hswarm.cli.watch import watch
from hswarm.engines.allocator import share_one_arena
from hswarm.errors import HswarmError

EPILOG: Final = """Examples:

  hswarm optimize --task gaia-text    search, with the models that come along
  hswarm runs                         what has been run
  hswarm show run runs/NAME           what a run found
  hswarm report runs/NAME             the same as a page, with figures and numbers
  hswarm compare runs/ONE runs/OTHER  side by side
  hswarm watch runs/NAME              a running search, in the browser
  hswarm show tasks                   what there is to run
  hswarm data pull nlgraph            the data of a task
  hswarm bench --preset quick         methods and tasks side by side
  hswarm sweep --task gaia-text       many runs, hyperparameters drawn from a grid
  hswarm blend RUN OTHER --at 0.3     between what two runs found
  hswarm export runs/NAME --out DIR   what it found, as a folder to hand on
  hswarm ask DIR "a question"         its answer, and every node's
  hswarm serve DIR                    behind OpenAI's API, with a page to ask on

Each command explains itself: hswarm optimize --help"""

app = typer.Typer(
    name="hswarm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
app.command(epilog=OPTIMIZE_EPILOG)(optimize)
app.command(epilog=RUNS_EPILOG)(runs)
app.command(epilog=BENCH_EPILOG)(bench)
app.command(epilog=SWEEP_EPILOG)(sweep)
app.command(epilog=REPORT_EPILOG)(report)
app.command(epilog=COMPARE_EPILOG)(compare)
app.command(epilog=WATCH_EPILOG)(watch)
app.command(epilog=BLEND_EPILOG)(blend)
app.command(epilog=EXPORT_EPILOG)(export)
app.command(epilog=VERIFY_EPILOG)(verify)
app.command(epilog=ASK_EPILOG)(ask)
app.command(epilog=SERVE_EPILOG)(serve)
app.add_typer(show.app, name="show")
app.add_typer(experts.app, name="experts")
app.add_typer(data.app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hswarm {__version__}")
        raise typer.Exit


@app.callback()
def hswarm(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Design systems of language models: who reads whose answer, and the models' weights."""


def main() -> None:
    """Run the command line: what the user can mend is two lines on stderr and exit code 2."""
    share_one_arena()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where a bar or an arrow cannot be encoded
    mendable: list[HswarmError] = []
    try:
        app()
    except* HswarmError as group:  # from concurrent calls they come in groups
        mendable = list(_leaves(group))
    if mendable:
        for what, text in (("error", str(mendable[0])), ("hint", mendable[0].hint)):
            print(f"{what}: {_on_one_line(text)}", file=sys.stderr)
        sys.exit(2)


def _on_one_line(text: str) -> str:
    """Return `text` without what a terminal would obey: it may quote a file of a stranger's."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _leaves(group: BaseExceptionGroup[HswarmError]) -> list[HswarmError]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
