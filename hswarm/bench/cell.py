"""One cell of a bench: a method on a task with a seed, from its choice on dev to its test."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from functools import lru_cache
from types import TracebackType
from typing import Self

from hswarm.agents.pool import read_pool
from hswarm.api import (
    Watch,
    experts_of,
    load_runner,
    provenance,
    reference,
    remembered_ratings,
    see_through,
)
from hswarm.bench.config import Cell, cells_of, run_config
from hswarm.bench.folder import BenchFolder, CellResult
from hswarm.bench.methods import BASELINES
from hswarm.catalog import find
from hswarm.config import RunConfig
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.memo import MemoEngine, Usage
from hswarm.engines.request import Sampling
from hswarm.evaluate import calibrate, evaluate
from hswarm.search.events import Observer
from hswarm.search.loop import settled
from hswarm.search.result import Node, assemble, describe
from hswarm.search.setting import Setting
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run, is_run
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Task

_TASKS_HELD = 2


class Bench:
    """A bench with its models loaded; a context manager that lets go of them at the end."""

    def __init__(self, folder: BenchFolder) -> None:
        """Open the pool and load its models; HswarmError if they are unfit."""
        self.folder = folder
        self._held = ExitStack()
        config = folder.config
        self._family = read_pool(find("agents", config.pool)).open()
        self._experts = experts_of(self._family)
        self._task = lru_cache(_TASKS_HELD)(self._load)
        store = self._held.enter_context(SqliteMemo(folder.memo))
        first = run_config(config, cells_of(config)[0])
        self._batching = BatchingEngine(load_runner(self._family, first))
        self._shared = MemoEngine(self._batching, store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run(self._shared.aclose())
        self._held.close()

    def run(self, cell: Cell, usage: Usage, observe: Observer) -> CellResult:
        """Do a cell, or go on with it; HswarmError for what the user can mend."""
        config = run_config(self.folder.config, cell)
        task = self._task(cell.task)
        usage.work = self._batching.work
        with remembered_ratings(task, self.folder.path):
            if cell.method in BASELINES:
                return asyncio.run(self._choose(cell, config, task, usage, observe))
            path = self.folder.run(cell)
            made_of = provenance(task, self._family)
            with Run.open(path) if is_run(path) else Run.create(path, config, made_of) as run:
                watch = Watch(observe=observe, usage=usage)
                result = see_through(run, task, self._family, self._shared, watch, rivals=False)
            found = (result.found.nodes, result.found.dev.utility)
            return asyncio.run(self._test(cell, task, found, usage, self._shared))

    def _load(self, name: str) -> Task:
        config = self.folder.config
        scorer = config.settings.get("scorer")
        return load_task(name, data=config.data, limit=config.limit, scorer=scorer)

    async def _choose(
        self, cell: Cell, config: RunConfig, task: Task, usage: Usage, observe: Observer
    ) -> CellResult:
        """Have a baseline choose its system on dev, and test it."""
        engine = MemoEngine(self._shared, usage=usage)
        sampling = Sampling(task.max_tokens)
        setting = Setting(
            experts=self._experts,
            examples=task.dev,
            scorer=await calibrate(
                task.scorer, reference(self._experts), task.dev, engine, sampling
            ),
            sampling=sampling,
            config=settled(config.search, self._experts),
            engine=engine,
            observe=observe,
        )
        found = await BASELINES[cell.method](setting, self.folder.config.permutations)
        nodes = describe(found.candidate, self._experts.names)
        dev = found.utility if math.isfinite(found.utility) else None
        return await self._test(cell, task, (nodes, dev), usage, engine)

    async def _test(
        self,
        cell: Cell,
        task: Task,
        found: tuple[tuple[Node, ...], float | None],
        usage: Usage,
        engine: MemoEngine,
    ) -> CellResult:
        """Run the nodes that were found, and their utility on dev, on the test items."""
        nodes, dev = found
        sampling = Sampling(task.max_tokens)
        scorer = await calibrate(task.scorer, reference(self._experts), task.dev, engine, sampling)
        system = assemble(nodes, self._experts)
        (tested,) = await evaluate([system], task.test, scorer, engine, sampling)
        return CellResult(
            task=task.title,
            fingerprint=task.fingerprint,
            metric=task.metric,
            method=cell.method,
            seed=cell.seed,
            dev=dev,
            test=tested.utility if math.isfinite(tested.utility) else None,
            items=tuple(example.id for example in task.test),
            scores=tested.scores,
            parts=tuple(example.part for example in task.test),
            failures=tested.failures,
            generated_tokens=usage.generated_tokens,
        )
