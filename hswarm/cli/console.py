"""Where the command line prints: results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rich.console import Console


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: a name in brackets is no markup.

    Colour and width follow the terminal; NO_COLOR is obeyed; without a terminal it is plain text,
    80 columns wide.
    """
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def can_animate(console: Console) -> bool:
    """Return whether lines may be drawn over: in a terminal, but not in the log of a CI job."""
    return console.is_interactive and not os.environ.get("CI")


def print_next(console: Console, commands: Iterable[str]) -> None:
    """Print commands to try next, each on a line that can be copied."""
    console.print("\nNext:")
    for command in commands:
        console.print(f"  {command}", soft_wrap=True)
