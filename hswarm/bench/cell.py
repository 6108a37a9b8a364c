"""One cell of a bench: a method on a task with a seed, from its choice on dev to its test."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from shlex import quote
from types import TracebackType
from typing import Final, Self

from hswarm.agents.pool import pool_of
from hswarm.api import provenance
from hswarm.baselines.workshop import FOLDER, open_found
from hswarm.bench.config import Cell, cells_of, run_config
from hswarm.bench.folder import BenchFolder, CellResult
from hswarm.config import RunConfig
from hswarm.engines.local import settle_engine
from hswarm.engines.memo import MemoEngine
from hswarm.engines.purse import BudgetSpent
from hswarm.engines.request import Engine, Sampling
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.evaluate import calibrate, evaluate
from hswarm.pipeline.seats import found_system
from hswarm.search.events import Observer
from hswarm.search.failures import FailureLimit
from hswarm.search.found import reference
from hswarm.search.result import Result
from hswarm.search.roster import Roster
from hswarm.session import Models, Watch, load, remembered_ratings, see_through
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run, is_run
from hswarm.system import System
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Outside, Scorer, Task, Whole

_TASKS_HELD: Final = 2


@dataclass(frozen=True, slots=True)
class _Job:
    """A cell, and what it is done with."""

    cell: Cell
    config: RunConfig
    task: Task
    roster: Roster
    watch: Watch

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.task.max_tokens)

    async def calibrated(self, engine: Engine) -> Scorer:
        """Return the task's scorer, set to its scale."""
        task = self.task
        alone = reference(self.roster)
        return await calibrate(task.scorer, alone, task.dev, engine, self.sampling)


class Bench:
    """A bench with its models loaded; a context manager that lets go of them at the end.

    All cells ask through one memo, and what costs money is paid from the bench's one purse.
    """

    def __init__(self, folder: BenchFolder) -> None:
        """Open the pool and load its models; HswarmError if they are unfit."""
        self.folder = folder
        self._held = ExitStack()
        config = self._config(cells_of(folder.config)[0])
        self._pool = pool_of(config).open()
        folder.pin("pool", self._pool.fingerprint)
        self._task = lru_cache(_TASKS_HELD)(self._load)
        models = load(self._pool, config)
        models.purse.keep_books(folder.read_bills(), folder.append_bill)
        # One loop for all cells: connections live in theirs, from cell to cell.
        self._loop = asyncio.Runner()
        store = self._held.enter_context(SqliteMemo(folder.memo))
        self._shared = MemoEngine(models.engine, store)
        self._models = Models(self._shared, models.purse, models.host, folder.path / FOLDER)

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

    def run(self, cell: Cell, usage: Usage, observe: Observer) -> CellResult:
        """Do a cell, or go on with it; HswarmError for what the user can mend."""
        config = self._config(cell)
        task = self._task(cell.task)
        usage.work = self._shared.usage.work
        roster = Roster.of(self._pool, config.search.weight.particles)
        job = _Job(cell, config, task, roster, Watch(observe, usage))
        try:
            return self._loop.run(self._do(job))
        except BudgetSpent:
            raise HswarmError(
                "The dollars were spent.", hint="Resume the bench with more: --max-dollars."
            ) from None

    async def _do(self, job: _Job) -> CellResult:
        async with remembered_ratings(job.task, self.folder.path, self._models.purse):
            return await self._find(job)

    def _config(self, cell: Cell) -> RunConfig:
        config = run_config(self.folder.config, cell)
        return config.model_copy(update={"engine": settle_engine(config.engine)})

    def _load(self, name: str) -> Task:
        config = self.folder.config
        scorer = config.settings.get("scorer")
        task = load_task(name, data=config.data, limit=config.limit, scorer=scorer)
        if isinstance(task.scorer, Whole):
            raise HswarmError(
                f"{task.scorer_name} rates systems as a whole, and a bench compares item by item.",
                hint="Take a scorer that rates items.",
            )
        self.folder.pin(f"task {name}", task.fingerprint)
        if isinstance(task.scorer, Outside):
            task.scorer.check(limited="max_dollars" in config.settings.get("budget", {}))
        return task

    async def _find(self, job: _Job) -> CellResult:
        """Have the method find its system, and test it."""
        path = self.folder.run(job.cell)
        made_of = provenance(job.task, self._pool)
        with Run.open(path) if is_run(path) else Run.create(path, job.config, made_of) as run:
            result = await see_through(
                run,
                job.task,
                self._pool,
                self._models,
                job.watch,
                rivals=False,
                to_resume=self._to_resume(),
            )
        nodes, families = result.found.nodes, self._pool.families
        made = open_found(nodes, families, path / FOLDER)
        system = found_system(nodes, replace(self._pool, families=(*families, *made)))
        try:
            return await self._test(job, system, result, self._limited(job, self._shared))
        finally:
            for family in made:
                self._models.host.dismiss(family.fingerprint)

    async def _test(
        self, job: _Job, system: System, result: Result, engine: FailureLimit
    ) -> CellResult:
        """Run the system of a `result` on the test items."""
        cell, task = job.cell, job.task
        scorer = await job.calibrated(engine)
        (tested,) = await evaluate([system], task.test, scorer, engine, job.sampling)
        engine.check()
        return CellResult(
            task=task.title,
            fingerprint=task.fingerprint,
            metric=task.metric,
            method=cell.method,
            seed=cell.seed,
            dev=result.found.dev.utility,
            test=tested.utility if math.isfinite(tested.utility) else None,
            items=tuple(example.id for example in task.test),
            scores=tested.scores,
            parts=tuple(example.part for example in task.test),
            failures=tested.failures,
            evaluations=result.evaluations,
            generated_tokens=job.watch.usage.generated_tokens,
        )

    def _limited(self, job: _Job, engine: MemoEngine) -> FailureLimit:
        share = job.config.budget.max_failed
        return FailureLimit(engine, job.watch.usage, share, self._to_resume())

    def _to_resume(self) -> str:
        return f"hswarm bench --resume {quote(str(self.folder.path))} --retry"
