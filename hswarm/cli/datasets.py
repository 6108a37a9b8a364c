"""Pulls the data of tasks, and says how that goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from hswarm.catalog import find, names, unknown
from hswarm.cli.console import open_console, print_next
from hswarm.errors import HswarmError
from hswarm.tasks.pull import pull
from hswarm.tasks.sources import SOURCES, Source, sources_of
from hswarm.tasks.spec import TaskSpec, read_spec


def pull_tasks(tasks: Sequence[str] | None, source: str | None, to: Path | None) -> None:
    """Pull the named tasks, or all; a domain's tasks each.

    One that cannot be pulled does not keep the others back; what there is to do about it is said
    for each, and HswarmError raised at the end.
    """
    if source is not None and source not in SOURCES:
        raise unknown("source", source, ("authors", "hub"))
    wanted = source
    specs = _specs(tasks, wanted)
    console = open_console()
    failed = 0
    for spec in specs:
        try:
            path = pull(spec, wanted, to=to)
        except HswarmError as error:
            if len(specs) == 1:
                raise
            failed += 1
            said = f"{spec.name}: {error}\n  {error.hint}"
            open_console(stderr=True).print(said, soft_wrap=True)
        else:
            console.print(f"{spec.name}: {path}", soft_wrap=True)
    if failed:
        raise HswarmError(
            f"{failed} of {len(specs)} tasks could not be pulled.",
            hint="What to do is said above; what was pulled is kept.",
        )
    first = specs[0]
    if to is None:
        data = f" --data {wanted or 'authors'}" if first.data.generator else ""
        print_next(console, [f"hswarm optimize --task {quote(first.name)}{data}"])


def _specs(tasks: Sequence[str] | None, source: Source | None) -> list[TaskSpec]:
    found: dict[str, TaskSpec] = {}
    for name in tasks if tasks is not None else names("tasks"):
        spec = read_spec(find("tasks", name))
        for part in spec.data.parts or (name,):
            own = read_spec(find("tasks", part))
            pullable = [s for s in sources_of(own) if s != "bundled" and source in (None, s)]
            if tasks is not None or pullable:
                found[own.name] = own
    return list(found.values())
