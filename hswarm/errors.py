"""The one exception that a user ever sees."""

from __future__ import annotations

from functools import partial
from typing import Any


class HswarmError(Exception):
    """Something the user can mend: one line that says what is wrong and one that says what to do.

    The command line prints both and exits with code 2; nothing else is raised at a user.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is copied, as from a worker to whoever asked it, by its arguments alone.
        return partial(type(self), hint=self.hint), self.args
