"""The lines of a growing journal, as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CHUNK: Final = 4 << 20
"""Bytes read at once, so that a long journal is told in parts."""


@dataclass(slots=True)
class Tail:
    """A place in a journal; `read` goes on from there.

    An unfinished line is left for later. A journal that has become shorter was cut by a resume.
    """

    path: Path
    _place: int = 0

    def read(self) -> list[dict[str, Any]] | None:
        """Return what has been added, a part of it if it is much; None if it has to be read anew.

        A line that is no event is passed over: watching is for people, and the run goes on.
        """
        try:
            size = self.path.stat().st_size
        except OSError:
            return []
        if size < self._place:
            self._place = 0
            return None
        if size == self._place:
            return []
        with self.path.open("rb") as file:
            file.seek(self._place)
            data = file.read(_CHUNK)
        whole = data.rfind(b"\n") + 1
        self._place += whole
        return list(_events(data[:whole]))


def _events(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event
