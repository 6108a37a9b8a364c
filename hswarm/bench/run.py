"""Runs a bench cell by cell. Cells stand by themselves: any order, any number of interruptions.

Several processes may be at it: a cell is whose process holds it. All cells ask through one memo, so
a question that several methods put is generated once; yet each counts its tokens, and spends its
budget, as if it were alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hswarm.analysis.table import Grid, Measured, tabulate
from hswarm.bench.cell import Bench
from hswarm.bench.config import Cell, cells_of
from hswarm.bench.folder import BenchFolder
from hswarm.bench.outcome import CellResult, reason
from hswarm.bench.report import write_report
from hswarm.engines.usage import Usage
from hswarm.search.events import Observer, ignore
from hswarm.store.lock import Lock

_TABLED: Final = 30.0
"""Seconds between two tables, which take a second themselves when there are many cells."""

_PATIENCE: Final = 60.0
"""Seconds that one process waits while another writes."""


@dataclass(frozen=True, slots=True)
class BenchWatch:
    """How a bench is watched; every callback may be left out."""

    begun: Callable[[Path, Sequence[Cell], int], None] = lambda folder, cells, done: None
    """Told the folder, all cells, and how many are done already."""
    started: Callable[[Cell, Usage], None] = lambda cell, usage: None
    ended: Callable[[Cell, CellResult | str, int], None] = lambda cell, outcome, done: None
    """Told a cell's result, or why it failed, and how many are done, by whomever."""
    observe: Observer = ignore
    """Gets the events of the search that is under way."""


def run_bench(folder: BenchFolder, watch: BenchWatch, *, threads: int | None = None) -> Grid:
    """Do the cells that are nobody's, and keep the table up to date; return it.

    A cell that fails is kept as failed, with its reason, and the others go on. `threads` are of
    this process's engine. HswarmError for what makes every cell impossible, such as a pool that
    there is not.
    """
    cells = cells_of(folder.config)
    watch.begun(folder.path, cells, folder.ended())
    with ExitStack() as held:
        bench: Bench | None = None
        written = time.monotonic()
        for cell in cells:
            lock = folder.take(cell)
            if lock is None:
                continue
            with lock:
                bench = bench or held.enter_context(Bench(folder, threads))
                _do(bench, cell, watch)
            if time.monotonic() - written > _TABLED:
                write_table(folder)
                written = time.monotonic()
    return write_table(folder)


def write_table(folder: BenchFolder) -> Grid:
    """Write the table of what is done so far, and return it."""
    grid = read_grid(folder)
    with Lock(folder.path, "table.lock", patience=_PATIENCE):
        write_report(folder.path, grid)
    return grid


def read_grid(folder: BenchFolder) -> Grid:
    """Return the table of what is done so far."""
    measured, failed = [], {}
    for cell in cells_of(folder.config):
        result = folder.result(cell)
        if result is not None:
            measured.append(_measured(cell, result))
        elif (reason := folder.failure(cell)) is not None:
            failed[cell.task, cell.method, cell.seed] = reason
    config = folder.config
    return tabulate(
        measured, failed, tasks=config.tasks, methods=config.methods, seeds=config.seeds
    )


def _do(bench: Bench, cell: Cell, watch: BenchWatch) -> None:
    usage = Usage()
    watch.started(cell, usage)
    outcome: CellResult | str
    try:
        outcome = bench.run(cell, usage, watch.observe)
        bench.folder.write_result(cell, outcome)
    except Exception as error:  # one cell must not end the others, whatever is wrong with it
        outcome = reason(error)
        bench.folder.write_failure(cell, outcome)
    watch.ended(cell, outcome, bench.folder.ended())


def _measured(cell: Cell, result: CellResult) -> Measured:
    return Measured(
        task=cell.task,
        method=cell.method,
        seed=cell.seed,
        title=result.task,
        metric=result.metric,
        scores=result.scores,
        parts=result.parts,
        dev=result.dev,
        generated_tokens=result.generated_tokens,
        evaluations=result.evaluations,
    )
