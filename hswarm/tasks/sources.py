"""Where a task's data lies on this machine.

A source is "bundled" (made by the package), "authors" (the papers' own split), "hub" (drawn from
the original dataset), "imported" (brought along by `hswarm data import`), or a file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from hswarm.errors import HswarmError
from hswarm.tasks.spec import TaskSpec

Source = Literal["bundled", "authors", "hub", "imported"]
SOURCES: Final[tuple[Source, ...]] = ("bundled", "authors", "hub", "imported")


def data_folder() -> Path:
    """Return where pulled and imported data is kept: $HSWARM_DATA, else the user's cache."""
    own = os.environ.get("HSWARM_DATA")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(cache) / "hswarm" / "data"


def place(spec: TaskSpec, source: Source) -> Path | None:
    """Return the file that holds a source's items, whether it is there or not.

    None where the task has no such source, or, for "bundled", needs no file.
    """
    data = spec.data
    if source == "authors" and data.authors is not None:
        file = data.authors
        name = file.repository.replace("/", "--")
        return data_folder() / "authors" / f"{name}-{file.commit[:12]}" / Path(file.path).name
    if source == "hub" and data.hub is not None:
        return data_folder() / "hub" / f"{spec.name}.json"
    if source == "imported":
        return data_folder() / "imported" / f"{spec.name}.json"
    return None


def sources_of(spec: TaskSpec) -> list[Source]:
    """Return the sources that the task names, the one that is used by default first."""
    named = {
        "bundled": spec.data.generator,
        "authors": spec.data.authors,
        "hub": spec.data.hub,
    }
    return [source for source in SOURCES if named.get(source) is not None]


def is_here(spec: TaskSpec, source: Source) -> bool:
    """Return whether a source's items are on this machine."""
    if source == "bundled":
        return spec.data.generator is not None
    path = place(spec, source)
    return path is not None and path.is_file()


def find_data(spec: TaskSpec, source: Source) -> Path:
    """Return the file of a source; HswarmError with the command to run if it is not here."""
    path = place(spec, source)
    if path is None:
        there = ", ".join(sources_of(spec)) or "none"
        raise HswarmError(
            f"{spec.name} has no source {source!r}.", hint=f"It has: {there}; or give a file."
        )
    if not path.is_file():
        if source == "imported" and spec.data.missing:
            raise HswarmError(
                f"{spec.name}: {spec.data.missing}",
                hint=f"With a file of it: hswarm data import FILE --task {spec.name}",
            )
        if source == "imported":
            raise HswarmError(
                f"No data has been imported for {spec.name}.",
                hint=f"hswarm data import FILE --task {spec.name}",
            )
        pull = f"hswarm data pull {spec.name}" + (" --source hub" if source == "hub" else "")
        raise HswarmError(
            f"The data of {spec.name} ({source}) is not on this machine.", hint=f"Run: {pull}"
        )
    return path
