"""Append-only files of one JSON object a line: what a run did, and when."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.disk import explained, write_all


class Journal:
    """A journal open for writing. One writer at a time; readers need not wait for it.

    A line is handed to the system at once, so it outlives the process, SIGKILL included; after
    `sync` it outlives the machine's power. An unfinished last line, left by a kill in the middle
    of a write, is removed on opening.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, made if it is not there; HswarmError if that fails."""
        self._path = path
        with explained(path):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o666)
            self._size = 0
            self.cut(path.read_bytes().rfind(b"\n") + 1)

    @property
    def size(self) -> int:
        """Bytes written so far, whole lines only."""
        return self._size

    def append(self, event: Mapping[str, Any]) -> None:
        """Add `event` (see `values.dumps`) as a line; HswarmError if it cannot be written.

        After an error the journal is what it was before.
        """
        line = values.dumps(event).encode() + b"\n"
        with explained(self._path):
            try:
                write_all(self._descriptor, line)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._size)
                raise
        self._size += len(line)

    def cut(self, size: int) -> None:
        """Drop everything after the first `size` bytes."""
        with explained(self._path):
            os.ftruncate(self._descriptor, size)
        self._size = size

    def sync(self) -> None:
        """Return when everything appended is on the disk."""
        with explained(self._path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; nothing can be appended any more."""
        os.close(self._descriptor)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of the journal at `path`, none if there is no file.

    An unfinished last line is left out: its writer is at it, or was killed. HswarmError at a line
    that is no JSON object.
    """
    if not path.exists():
        return
    with explained(path):
        *lines, _unfinished = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            event = values.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise HswarmError(
                f"{path}: line {number} is damaged.",
                hint="The run can still be resumed: its state lies in another file.",
            )
        yield event
