"""Runs that were recorded, as `hswarm runs` and `hswarm show run` print them."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from rich.console import Console

from hswarm.cli.accounts import draw_accounts
from hswarm.cli.console import open_console, print_next
from hswarm.cli.numerals import show_utility
from hswarm.cli.summary import found_graph, suggest, summarise
from hswarm.cli.tables import fact_table, plain_table
from hswarm.config import validated
from hswarm.errors import HswarmError
from hswarm.graph.svg import draw_svg
from hswarm.search.result import Result
from hswarm.store.disk import replace_file
from hswarm.store.record import Record, list_runs, read_run
from hswarm.store.run import read_accounts


def print_runs(folder: Path) -> None:
    """Print a row for each run in `folder`; what is wrong with a damaged one goes to stderr."""
    records, damaged = list_runs(folder)
    table = plain_table(
        ["run", "method", "seed", "dev", "test", "status"],
        right=["seed", "dev", "test"],
        gap=1,  # a run of the longest task name still fits into 80 columns
    )
    for record in records:
        try:
            table.add_row(*_describe(record))
        except HswarmError as error:
            damaged.append(str(error))
    console = open_console()
    if records:
        console.print(table)
        print_next(console, [f"hswarm show run {quote(str(records[-1].folder))}"])
    else:
        console.print(f"There are no runs in {folder}.", soft_wrap=True)
        print_next(console, ["hswarm optimize --task gaia-text"])
    for line in damaged:
        open_console(stderr=True).print(line, soft_wrap=True)


def print_run(folder: Path) -> None:
    """Print what the run in `folder` found, and write its graph there as graph.svg.

    Of a run that is not finished, what is known so far. HswarmError if there is no run.
    """
    record = read_run(folder)
    result = _result(record)
    console = open_console()
    if result is None:
        _print_unfinished(console, record)
        return
    console.print(summarise(result, record.config))
    accounts = read_accounts(folder)
    if accounts:
        console.print(draw_accounts(accounts))
    picture = folder / "graph.svg"
    replace_file(picture, draw_svg(*found_graph(result)).encode())
    console.print(f"\nThe graph as a picture: {picture}", soft_wrap=True)
    print_next(console, suggest(result, record.config, folder))


def _print_unfinished(console: Console, record: Record) -> None:
    config = record.config
    console.print(
        fact_table(
            {
                "run": str(record.folder),
                "status": record.status,
                "task": config.task,
                "pool": config.pool,
                "method": f"{config.search.method}, seed {config.search.seed}",
                "best on dev": show_utility(record.utility),
            }
        )
    )
    if record.status == "interrupted":
        print_next(console, [f"hswarm optimize --resume {quote(str(record.folder))}"])


def _describe(record: Record) -> list[str]:
    result = _result(record)
    return [
        record.name,
        record.config.search.method,
        str(record.config.search.seed),
        show_utility(result.found.dev.utility if result else record.utility),
        show_utility(result.found.test.utility if result else None),
        record.status,
    ]


def _result(record: Record) -> Result | None:
    if record.result is None:
        return None
    return validated(Result, record.result, str(record.folder / "result.json"))
