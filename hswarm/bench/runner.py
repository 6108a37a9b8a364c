"""Runs of one pool, one after the other: its models are loaded once and asked through one memo.

A question that several runs put is generated once; yet each counts its tokens, and spends its
budget, as if it were alone.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from hswarm.agents.opened import OpenPool
from hswarm.api import provenance
from hswarm.baselines.workshop import FOLDER, open_found
from hswarm.config import RunConfig
from hswarm.engines.local import settle_engine
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.evaluate import Evaluation, calibrate, evaluate
from hswarm.pipeline.seats import found_system
from hswarm.search.failures import FailureLimit
from hswarm.search.found import reference
from hswarm.search.result import Result
from hswarm.search.roster import Roster
from hswarm.session import Models, Watch, load, remembered_ratings, see_through
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run, is_run
from hswarm.system import System
from hswarm.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is to be seen through, and what was found tested."""

    folder: Path
    config: RunConfig
    task: Task
    watch: Watch
    to_resume: str
    """The command to go on with."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run found, and how it did on the test items."""

    result: Result
    tested: Evaluation


def settled(config: RunConfig, threads: int | None) -> RunConfig:
    """Return a run's settings with the engine of this machine, and so many threads if given."""
    engine = settle_engine(config.engine)
    if threads is not None:
        engine = engine.model_copy(update={"threads": threads})
    return config.model_copy(update={"engine": engine})


class Runner:
    """A pool with its models loaded; a context manager that lets go of them at the end."""

    def __init__(self, pool: OpenPool, config: RunConfig, folder: Path, store: SqliteMemo) -> None:
        """Load the models as `config` says; HswarmError if they are unfit.

        What they answer is kept in `store`, which is closed at the end, and what judges say in
        `folder`.
        """
        self._pool = pool
        self._folder = folder
        self._store = store
        self._held = ExitStack()
        self._held.enter_context(store)
        try:
            models = load(pool, config)
            # One loop for all runs: connections live in theirs, from run to run.
            self._loop = asyncio.Runner()
            self._shared = MemoEngine(models.engine, store, shared=store.shared)
        except BaseException:
            self._held.close()
            raise
        self._models = Models(self._shared, models.purse, models.host, folder / FOLDER)
        self.purse = models.purse

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            # What was under way is cancelled with its loop, before anything that it uses is closed.
            self._loop.close()
            asyncio.run(self._shared.aclose())
        else:
            self._loop.run(self._shared.aclose())
            self._loop.close()
        self._held.close()

    def do(self, job: Job) -> Done:
        """See a run through, or go on with it; HswarmError for what the user can mend.

        `BudgetSpent` where the dollars are.
        """
        job.watch.usage.work = self._shared.usage.work
        return self._loop.run(self._do(job))

    async def _do(self, job: Job) -> Done:
        shared = self._store.shared
        async with remembered_ratings(job.task, self._folder, self._models.purse, shared=shared):
            return await self._find(job)

    async def _find(self, job: Job) -> Done:
        """Have the method find its system, and test it."""
        path = job.folder
        made_of = provenance(job.task, self._pool)
        with Run.open(path) if is_run(path) else Run.create(path, job.config, made_of) as run:
            result = await see_through(
                run,
                job.task,
                self._pool,
                self._models,
                job.watch,
                rivals=False,
                to_resume=job.to_resume,
            )
        nodes, families = result.found.nodes, self._pool.families
        made = open_found(nodes, families, path / FOLDER)
        system = found_system(nodes, replace(self._pool, families=(*families, *made)))
        try:
            return Done(result, await self._test(job, system))
        finally:
            for family in made:
                self._models.host.dismiss(family.fingerprint)

    async def _test(self, job: Job, system: System) -> Evaluation:
        """Run a system on the test items."""
        task, config = job.task, job.config
        share = config.budget.max_failed
        engine = FailureLimit(self._shared, job.watch.usage, share, job.to_resume)
        sampling = Sampling(task.max_tokens)
        alone = reference(Roster.of(self._pool, config.search.weight.particles))
        scorer = await calibrate(task.scorer, alone, task.dev, engine, sampling)
        (tested,) = await evaluate([system], task.test, scorer, engine, sampling)
        engine.check()
        return tested
