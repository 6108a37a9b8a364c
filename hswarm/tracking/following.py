"""How several watchers follow one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hswarm.agents.opened import OpenPool
from hswarm.search.events import Event
from hswarm.session import Watch
from hswarm.store.run import read_config
from hswarm.tasks.task import Task
from hswarm.tracking.watcher import Beginning, Watcher


def watch_by(watchers: Sequence[Watcher], beside: Watch | None = None) -> Watch:
    """Return how a run is watched so that all of `watchers` follow it, `beside` somebody else.

    They are told in their order; their `end` is left to the caller.
    """
    beside = beside or Watch()

    def observe(event: Event) -> None:
        beside.observe(event)
        for watcher in watchers:
            watcher.observe(event)

    watch = Watch(observe=observe, usage=beside.usage)

    def begun(folder: Path, task: Task, pool: OpenPool) -> None:
        beside.begun(folder, task, pool)
        beginning = Beginning(folder, task, read_config(folder), len(pool), watch.usage)
        for watcher in watchers:
            watcher.begin(beginning)

    watch.begun = begun
    return watch
