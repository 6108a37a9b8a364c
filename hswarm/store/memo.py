"""The answers of a run on disk, so that an interrupted run asks for nothing twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hswarm.engines.memo import Remembered
from hswarm.engines.request import Completion
from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.disk import explained

FORM: Final = 1
"""Of the table below; a file of another form is set aside."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS answer (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    step INTEGER,
    completion TEXT NOT NULL
)
"""
_SAVE: Final = """
INSERT INTO answer (key, step, completion) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET step = excluded.step, completion = excluded.completion
"""
# Ids rise by one with each new key, so the oldest are those farthest below the last.
_DROP_OLDEST: Final = "DELETE FROM answer WHERE id <= (SELECT max(id) FROM answer) - ?"
_PATIENCE: Final = 60.0
"""Seconds that one process waits while another saves."""


class SqliteMemo:
    """The `MemoStore` of a run: a file that one process at a time has open; a context manager.

    A `shared` one is that of many runs, and several processes of this machine have it open at once:
    each finds what the others saved.

    What was saved outlives the process and, since every save is brought to the disk, the machine's
    power. The memo is never a reason to refuse a run: a file that is damaged, or of another
    version, is set aside under another name, `note` says so, and an empty one takes its place.
    """

    def __init__(self, path: Path, *, max_answers: int = 1_000_000, shared: bool = False) -> None:
        """Open the memo at `path`, made if it is not there; HswarmError if the disk refuses.

        Beyond `max_answers` those that were saved first are dropped.
        """
        self._path = path
        self.shared = shared
        self._max_answers = max_answers
        self.note: str | None = None
        """What a person should know about the opening, None if all is well."""
        try:
            self._connection = _connect(path, shared=shared)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise _refusal(path, error) from error
            aside = _set_aside(path)
            self.note = (
                f"{path} cannot be used ({error}) and was renamed to {aside.name}; its answers "
                "will be generated, and counted, again"
            )
            with _explained(path):
                self._connection = _connect(path, shared=shared)

    def __len__(self) -> int:
        """Return the number of answers."""
        with _explained(self._path):
            (number,) = self._connection.execute("SELECT count(*) FROM answer").fetchone()
        return int(number)

    def load(self, key: str, /) -> Remembered | None:
        """Return the answer saved under `key`, if any."""
        with _explained(self._path):
            row = self._connection.execute(
                "SELECT completion, step FROM answer WHERE key = ?", (key,)
            ).fetchone()
        return Remembered(Completion(**values.loads(row[0])), row[1]) if row else None

    def save(self, entries: Sequence[tuple[str, Remembered]], /) -> None:
        """Save all of `entries`, over what is there, or none of them if that fails."""
        rows = [(key, entry.step, values.dumps(asdict(entry.completion))) for key, entry in entries]
        with _explained(self._path), self._connection as transaction:
            transaction.executemany(_SAVE, rows)
            transaction.execute(_DROP_OLDEST, (self._max_answers,))

    def rewind(self, step: int, /) -> None:
        """Set the step of every answer first asked for at `step` or later to None."""
        with _explained(self._path), self._connection as transaction:
            transaction.execute("UPDATE answer SET step = NULL WHERE step >= ?", (step,))

    def generated_tokens(self) -> int:
        """Return how many tokens all answers took."""
        query = "SELECT sum(json_extract(completion, '$.generated_tokens')) FROM answer"
        with _explained(self._path):
            (tokens,) = self._connection.execute(query).fetchone()
        return int(tokens or 0)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _connect(path: Path, *, shared: bool) -> sqlite3.Connection:
    """Open a memo; DatabaseError if the file is damaged or the disk refuses."""
    connection = sqlite3.connect(path, timeout=_PATIENCE if shared else 0)
    try:
        if not shared:
            # One process has the run's lock, so SQLite need not share memory with others for its
            # write-ahead log: that works on network file systems too.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError("it is damaged")
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form not in (0, FORM):
            raise sqlite3.DatabaseError(f"it has form {form}, not {FORM}")
        with connection:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {FORM}")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    """Rename a damaged file, over one renamed before.

    SQLite drops a write-ahead log whose database is gone.
    """
    aside = path.with_name(f"{path.stem}.damaged{path.suffix}")
    with explained(path):
        return path.replace(aside)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's content is to blame, rather than the disk or another process."""
    return not isinstance(error, sqlite3.OperationalError)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: sqlite3.DatabaseError) -> HswarmError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return HswarmError(
            f"There is no room left on the disk for {path}.",
            hint="What was saved before is intact: make room, then go on with "
            f"`hswarm optimize --resume {path.parent}`.",
        )
    return HswarmError(
        f"{path} cannot be read or written: {error}.",
        hint=f"Check the disk, then go on with `hswarm optimize --resume {path.parent}`; a damaged "
        "file will be set aside.",
    )
