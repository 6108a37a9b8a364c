"""Does the runs of a sweep, one after the other, until none is left to take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from hswarm.agents.pool import pool_of
from hswarm.bench import outcome
from hswarm.bench.cell import check_task
from hswarm.bench.folder import pin
from hswarm.bench.outcome import CellResult
from hswarm.bench.runner import Job, Runner, settled
from hswarm.engines.usage import Usage
from hswarm.search.events import Observer, ignore
from hswarm.session import Watch
from hswarm.sweep.config import run_config
from hswarm.sweep.draws import Draw
from hswarm.sweep.folder import SweepFolder
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Task


@dataclass(frozen=True, slots=True)
class SweepWatch:
    """How a sweep is watched; every callback may be left out."""

    begun: Callable[[Path, int, int], None] = lambda folder, runs, done: None
    """Told the folder, how many runs there are, and how many are done already."""
    started: Callable[[Draw, Usage], None] = lambda draw, usage: None
    ended: Callable[[Draw, CellResult | str, int], None] = lambda draw, outcome, done: None
    """Told a run's result, or why it failed, and how many are done, by whomever."""
    observe: Observer = ignore
    """Gets the events of the search that is under way."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """What this process does runs with."""

    folder: SweepFolder
    task: Task
    runner: Runner
    watch: SweepWatch
    threads: int | None

    def do(self, draw: Draw) -> None:
        """Do a run, and say what came of it."""
        folder, usage = self.folder, Usage()
        self.watch.started(draw, usage)
        job = Job(
            folder.of(draw.run) / "run",
            settled(run_config(folder.config, draw.values), self.threads),
            self.task,
            Watch(self.watch.observe, usage),
            to_resume=f"hswarm sweep --resume {quote(str(folder.path))} --retry",
        )
        came: CellResult | str
        try:
            came = CellResult.of(job, self.runner.do(job), job.config.search.method)
            outcome.write_result(folder.of(draw.run), came)
            utility = came.dev
        except Exception as error:  # one run must not end the others, whatever is wrong with it
            came, utility = outcome.reason(error), None
            outcome.write_failure(folder.of(draw.run), came)
        folder.draws.tell(draw, utility)
        self.watch.ended(draw, came, folder.draws.done())


def run_sweep(folder: SweepFolder, watch: SweepWatch, *, threads: int | None = None) -> None:
    """Do runs as long as there are any to take; `threads` are of this process's engine.

    A run that fails is kept as failed, with its reason, and the others go on. HswarmError for what
    makes every run impossible, such as a pool that there is not.
    """
    watch.begun(folder.path, folder.config.runs, folder.draws.done())
    draw = folder.draws.take()
    if draw is None:
        return
    try:
        config = folder.config
        task = load_task(
            config.task,
            data=config.data,
            limit=config.limit,
            scorer=config.settings.get("scorer"),
        )
        check_task(task, limited=False)
        pin(folder.path, f"task {config.task}", task.fingerprint)
        first = settled(run_config(config, draw.values), threads)
        pool = pool_of(first).open()
        pin(folder.path, "pool", pool.fingerprint)
        with Runner(pool, first, folder.path, folder.open_memo()) as runner:
            worker = _Worker(folder, task, runner, watch, threads)
            while draw is not None:
                worker.do(draw)
                draw = None  # it is let go of
                draw = folder.draws.take()
    finally:
        if draw is not None:
            draw.lock.release()
