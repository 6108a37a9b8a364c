"""One cell of a bench: a method on a task with a seed, from its choice on dev to its test."""

from __future__ import annotations

from functools import lru_cache
from shlex import quote
from types import TracebackType
from typing import Final, Self

from hswarm.agents.pool import pool_of
from hswarm.bench.config import Cell, cells_of, run_config
from hswarm.bench.folder import BenchFolder, is_limited
from hswarm.bench.outcome import CellResult
from hswarm.bench.runner import Job, Runner, settled
from hswarm.config import RunConfig
from hswarm.engines.purse import BudgetSpent
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.search.events import Observer
from hswarm.session import Watch
from hswarm.store.memo import SqliteMemo
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Outside, Task, Whole

_TASKS_HELD: Final = 2


class Bench:
    """A bench with its models loaded; a context manager that lets go of them at the end.

    All cells ask through one memo, and what costs money is paid from the bench's one purse.
    """

    def __init__(self, folder: BenchFolder, threads: int | None = None) -> None:
        """Open the pool and load its models, for `threads` of the CPU if so many are given.

        HswarmError if they are unfit.
        """
        self.folder = folder
        self._threads = threads
        first = self._config(cells_of(folder.config)[0])
        pool = pool_of(first).open()
        folder.pin("pool", pool.fingerprint)
        self._task = lru_cache(_TASKS_HELD)(self._load)
        self._runner = Runner(pool, first, folder.path, SqliteMemo(folder.memo, shared=True))
        self._runner.purse.keep_books(folder.read_bills(), folder.append_bill)

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.__exit__(kind, error, trace)

    def run(self, cell: Cell, usage: Usage, observe: Observer) -> CellResult:
        """Do a cell, or go on with it; HswarmError for what the user can mend."""
        path = self.folder.path
        job = Job(
            self.folder.run(cell),
            self._config(cell),
            self._task(cell.task),
            Watch(observe, usage),
            to_resume=f"hswarm bench --resume {quote(str(path))} --retry",
        )
        try:
            return CellResult.of(job, self._runner.do(job), cell.method)
        except BudgetSpent:
            raise HswarmError(
                "The dollars were spent.", hint="Resume the bench with more: --max-dollars."
            ) from None

    def _config(self, cell: Cell) -> RunConfig:
        return settled(run_config(self.folder.config, cell), self._threads)

    def _load(self, name: str) -> Task:
        config = self.folder.config
        scorer = config.settings.get("scorer")
        task = load_task(name, data=config.data, limit=config.limit, scorer=scorer)
        check_task(task, limited=is_limited(config))
        self.folder.pin(f"task {name}", task.fingerprint)
        return task


def check_task(task: Task, *, limited: bool) -> None:
    """Refuse a task whose runs could not be put side by side; HswarmError.

    So it is where dollars are `limited` and a judge has no price.
    """
    if isinstance(task.scorer, Whole):
        raise HswarmError(
            f"{task.scorer_name} rates systems as a whole, and a bench compares item by item.",
            hint="Take a scorer that rates items.",
        )
    if isinstance(task.scorer, Outside):
        task.scorer.check(limited=limited)
