"""A sweep from start to finish, watched on stderr, what it found on stdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Console

from hswarm.cli.benchview import BenchView
from hswarm.cli.company import Hands, company
from hswarm.cli.console import open_console, print_next
from hswarm.cli.numerals import show_utility
from hswarm.cli.tables import plain_table

if TYPE_CHECKING:
    from hswarm.sweep.folder import SweepFolder
    from hswarm.sweep.report import SweepReport

_SHOWN: Final = 5
"""Of the runs, the best so many."""


def begin_sweep(
    asked: Mapping[str, Any],
    out: Path | None,
    hands: Hands,
    *,
    quiet: bool,
) -> None:
    """Begin a sweep and print what it found."""

    def begin() -> SweepFolder:
        from hswarm.config import validated
        from hswarm.store.run import new_folder
        from hswarm.sweep.config import SweepConfig, check_sweep
        from hswarm.sweep.draws import load_optuna
        from hswarm.sweep.folder import SweepFolder

        load_optuna()
        config = validated(SweepConfig, asked, "the sweep")
        check_sweep(config)
        return SweepFolder.create(out or new_folder(Path("runs"), "sweep", datetime.now()), config)

    _see_through(begin, hands, quiet=quiet)


def resume_sweep(
    path: Path,
    runs: int | None,
    hands: Hands,
    *,
    retry: bool,
    quiet: bool,
) -> None:
    """Go on with a sweep, or take part in it, and print what it found."""

    def go_on() -> SweepFolder:
        from hswarm.sweep.folder import SweepFolder

        return SweepFolder.open(path, runs=runs, retry=retry)

    _see_through(go_on, hands, quiet=quiet)


def print_sweep(path: Path) -> None:
    """Print what the sweep in `path` found so far, and draw it there."""
    from hswarm.sweep.folder import SweepFolder, read_sweep
    from hswarm.sweep.report import read_report, write_report

    folder = SweepFolder(path, read_sweep(path))
    report = read_report(folder)
    write_report(path, report)
    console = open_console()
    _print(console, path, report)
    if len(report.rows) + len(report.failed) < report.runs:
        print_next(console, [f"hswarm sweep --resume {quote(str(path))}"])
    elif report.failed:
        print_next(console, [f"hswarm sweep --resume {quote(str(path))} --retry"])
    elif report.rows:
        best = folder.of(report.rows[0].run) / "run"
        print_next(console, [f"hswarm show run {quote(str(best))}"])


def _see_through(open_folder: Callable[[], SweepFolder], hands: Hands, *, quiet: bool) -> None:
    console = open_console(stderr=True)
    view = BenchView(console, quiet=quiet, one="run", whole="sweep")
    path: Path | None = None
    try:
        with view:
            folder = open_folder()
            path = folder.path
            from hswarm.sweep.config import run_config
            from hswarm.sweep.run import SweepWatch, run_sweep

            left = folder.config.runs - folder.draws.done()
            processes, threads = hands.settled(run_config(folder.config, {}), left)
            with company(["sweep", "--resume", str(path)], threads, processes - 1):
                watch = SweepWatch(view.begin, view.start, view.end, view.observe)
                run_sweep(folder, watch, threads=threads)
    except KeyboardInterrupt:
        where = "Interrupted before the sweep began."
        if path is not None:
            where = f"Interrupted. To go on:\n  hswarm sweep --resume {quote(str(path))}"
        console.print(where, soft_wrap=True)
        raise typer.Exit(130) from None
    if quiet:
        from hswarm.sweep.report import read_report, write_report

        write_report(path, read_report(folder))
    else:
        print_sweep(path)
    if folder.failures() and not folder.results():
        raise typer.Exit(1)  # not one run could be done


def _print(console: Console, path: Path, report: SweepReport) -> None:
    said = f"{report.task}: {len(report.rows)} of {report.runs} runs are done"
    console.print(f"{said}{f', {len(report.failed)} failed' if report.failed else ''}.\n")
    for run, why in report.failed.items():
        console.print(f"Failed: run {run}: {why}", soft_wrap=True, style="yellow")
    if report.rows:
        _print_rows(console, path, report)


def _print_rows(console: Console, path: Path, report: SweepReport) -> None:
    from hswarm.sweep.report import show_mean

    names = list(report.rows[0].values)
    headings = ["run", *names, "dev", "test"]
    table = plain_table(headings, right=headings, gap=2)
    for row in report.rows[:_SHOWN]:
        drawn = [str(row.values[name]) for name in names]
        table.add_row(str(row.run), *drawn, show_utility(row.dev), show_utility(row.test))
    console.print(table)
    console.print("\nMean over the runs with a value, and its 95 % interval:\n")
    effects = plain_table(["hyperparameter", "value", "runs", "dev", "test"], right=["runs"])
    for level in report.levels:
        effects.add_row(
            level.name,
            str(level.value),
            str(level.runs),
            show_mean(level.dev),
            show_mean(level.test),
        )
    console.print(effects)
    if report.share is not None:
        console.print(
            f"\nGenerated: {report.generated:,} tokens, {100 * report.share:.0f} % of the"
            f" {report.alone:,} that the runs would have taken one by one.",
            soft_wrap=True,
        )
    files = "sweep.json, runs.csv, effects.md, effects.svg, effects.png"
    console.print(f"In {path}: {files}", soft_wrap=True)
