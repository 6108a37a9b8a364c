"""The one exception that a user ever sees."""

from __future__ import annotations


class HswarmError(Exception):
    """Something the user can mend: one line that says what is wrong and one that says what to do.

    The command line prints both and exits with code 2; nothing else is raised at a user.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
