"""A bench from start to finish, watched on stderr, its table on stdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hswarm.cli.benchview import BenchView
from hswarm.cli.company import Hands, company
from hswarm.cli.console import open_console, print_next

if TYPE_CHECKING:
    from hswarm.analysis.table import Grid
    from hswarm.bench.folder import BenchFolder


def begin_watched(
    preset: str | None,
    asked: Mapping[str, Any],
    out: Path | None,
    hands: Hands,
    *,
    quiet: bool,
    json: bool,
) -> None:
    """Begin a bench and print its table."""

    def begin() -> BenchFolder:
        from hswarm.bench.config import (
            bench_config,
            cells_of,
            check_bench,
            run_config,
            split_names,
        )
        from hswarm.bench.folder import BenchFolder
        from hswarm.store.run import new_folder

        named = {k: split_names(asked[k]) for k in ("tasks", "methods") if k in asked}
        config = bench_config(preset, {**asked, **named})
        check_bench(config)
        hands.check(run_config(config, cells_of(config)[0]))
        return BenchFolder.create(out or new_folder(Path("runs"), "bench", datetime.now()), config)

    _see_through(begin, hands, quiet=quiet, json=json)


def resume_watched(
    path: Path, max_dollars: float | None, hands: Hands, *, retry: bool, quiet: bool, json: bool
) -> None:
    """Go on with a bench, with more dollars if so many are given, and print its table."""

    def go_on() -> BenchFolder:
        from hswarm.bench.folder import BenchFolder

        return BenchFolder.open(path, max_dollars=max_dollars, retry=retry)

    _see_through(go_on, hands, quiet=quiet, json=json)


def _see_through(
    open_folder: Callable[[], BenchFolder], hands: Hands, *, quiet: bool, json: bool
) -> None:
    console = open_console(stderr=True)
    view = BenchView(console, quiet=quiet)
    folder: BenchFolder | None = None
    try:
        with view:
            folder = open_folder()
            from hswarm.bench.config import cells_of, run_config
            from hswarm.bench.run import BenchWatch, run_bench, write_table

            watch = BenchWatch(
                lambda path, cells, done: view.begin(path, len(cells), done),
                view.start,
                view.end,
                view.observe,
            )
            cells = cells_of(folder.config)
            left = len(cells) - folder.ended()
            first = run_config(folder.config, cells[0])
            processes, threads = hands.settled(first, left)
            others = company(["bench", "--resume", str(folder.path)], threads, processes - 1)
            with others:
                run_bench(folder, watch, threads=threads)
            grid = write_table(folder)  # with what others did
    except KeyboardInterrupt:
        where = "Interrupted before the bench began."
        if folder is not None:
            there = quote(str(folder.path))
            where = f"Interrupted. To go on where it stopped:\n  hswarm bench --resume {there}"
        console.print(where, soft_wrap=True)
        raise typer.Exit(130) from None
    finally:
        if folder is not None:
            folder.close()
    if json:
        from hswarm.bench.report import as_json
        from hswarm.store.values import dumps

        typer.echo(dumps(as_json(grid), indent=1))
    else:
        shown = open_console()
        shown.print(show_grid(grid))
        files = "table.md, table.csv, table.json, and as a picture table.svg"
        shown.print(f"\nThe table is in {folder.path}: {files}", soft_wrap=True)
        go_on = f"hswarm bench --resume {quote(str(folder.path))}"
        if folder.ended() < len(cells):
            print_next(shown, [go_on])
        elif any(entry.failed for entry in grid.entries.values()):
            print_next(shown, [f"{go_on} --retry"])
    if not any(entry.seeds for entry in grid.entries.values()):
        raise typer.Exit(1)  # not one cell could be done


def show_grid(grid: Grid) -> RenderableType:
    """Return the table for a terminal: best bold, second underlined, what failed below."""
    from hswarm.bench.report import failures

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("method", no_wrap=True)
    for task in grid.tasks:
        table.add_column(f"{grid.titles.get(task, task)}\n{grid.metrics.get(task, '')}")
    for method in grid.methods:
        table.add_row(method, *(_show(grid, task, method) for task in grid.tasks))
    failed = [Text(f"Failed: {line}", style="yellow") for line in failures(grid)]
    said = (
        "Mean on test ± half of its 95 % interval; p of the best against it, Holm-corrected; cost:"
        " systems run on dev / tokens."
    )
    return Group(table, Text(said), *failed)


def _show(grid: Grid, task: str, method: str) -> Text:
    from hswarm.bench.report import show_cost, show_significance

    entry = grid.entries[task, method]
    if entry.mean is None or entry.interval is None:
        return Text("failed" if entry.failed else "–")
    style = {1: "bold", 2: "underline"}.get(entry.rank or 0, "")
    half = (entry.interval.high - entry.interval.low) / 2
    text = Text(f"{entry.mean:.3f}", style=style)
    text.append(f" ± {half:.3f}{entry.stars}", style="not bold not underline")
    if entry.p_value is not None:
        text.append(f"\np {show_significance(entry)}", style="not bold not underline dim")
    text.append(f"\n{show_cost(entry)}", style="not bold not underline dim")
    return text
