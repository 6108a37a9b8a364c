"""Experts of a run that come and go, as the command line has it."""

from __future__ import annotations

from shlex import quote

from hswarm.cli.console import open_console, print_next
from hswarm.errors import HswarmError
from hswarm.modularity import Changed, How


def way_out(*, column: bool, as_: str | None) -> How:
    """Return how an expert is removed; HswarmError where it was asked for both ways or neither."""
    if as_ is None:
        return "column"
    if column or as_ != "paper":
        raise HswarmError(
            "An expert is removed in one of two ways.", hint="Give --column or --as paper."
        )
    return "paper"


def print_changed(changed: Changed) -> None:
    """Say what a changed run is over, and how to go on with it."""
    console = open_console()
    console.print(f"{len(changed.experts)} experts: {', '.join(changed.experts)}", soft_wrap=True)
    console.print(f"The run is in {changed.folder}, at iteration {changed.iteration}.")
    further = changed.iteration + max(changed.config.search.max_iterations, 1)
    there = quote(str(changed.folder))
    print_next(console, [f"hswarm optimize --resume {there} --max-iterations {further}"])
