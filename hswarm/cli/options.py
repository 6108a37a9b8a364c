"""Options that several commands take, in the same words; each is shown in the panel it is given."""

from __future__ import annotations

from typing import Any

import typer


def pool(panel: str) -> Any:
    """Return the option for whose models there are."""
    return typer.Option(help="A pool's name or YAML file.", rich_help_panel=panel)


def limit(panel: str) -> Any:
    """Return the option for taking a part of a task's items."""
    return typer.Option(
        metavar="N[:M]",
        help="The first N items of dev and test, or N of dev and M of test.",
        rich_help_panel=panel,
    )


def iterations(panel: str) -> Any:
    """Return the option for how long each of several searches goes on."""
    return typer.Option(help="Iterations of each search.", rich_help_panel=panel)


def tokens(panel: str) -> Any:
    """Return the option for how much each of several searches generates."""
    return typer.Option(help="Tokens of each search.", rich_help_panel=panel)


def setting(panel: str) -> Any:
    """Return `--set`."""
    return typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any setting of a run's config.yaml; can be repeated.",
        rich_help_panel=panel,
    )


def processes(panel: str) -> Any:
    """Return the option for how many processes share the runs."""
    return typer.Option(
        metavar="N",
        min=1,
        help="Processes that share the work; by default one per core for small models on a CPU.",
        rich_help_panel=panel,
    )


def threads(panel: str) -> Any:
    """Return the option for how much of the CPU each process takes."""
    return typer.Option(
        metavar="N",
        min=1,
        help="CPU threads of each process; by default the cores are shared out.",
        rich_help_panel=panel,
    )


def quiet(panel: str) -> Any:
    """Return `--quiet`."""
    return typer.Option("--quiet", help="Show no progress.", rich_help_panel=panel)
