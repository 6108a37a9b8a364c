"""Runs a bench cell by cell. Cells stand by themselves: any order, any number of interruptions.

All cells ask through one memo, so a question that several methods put is generated once; yet each
counts its tokens, and spends its budget, as if it were alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hswarm.analysis.table import Grid, Measured, tabulate
from hswarm.bench.cell import Bench
from hswarm.bench.config import Cell, cells_of
from hswarm.bench.folder import BenchFolder
from hswarm.bench.outcome import CellResult, reason
from hswarm.bench.report import write_report
from hswarm.engines.usage import Usage
from hswarm.search.events import Observer, ignore


@dataclass(frozen=True, slots=True)
class BenchWatch:
    """How a bench is watched; every callback may be left out."""

    begun: Callable[[Path, Sequence[Cell], int], None] = lambda folder, cells, done: None
    """Told the folder, all cells, and how many are done already."""
    started: Callable[[Cell, Usage], None] = lambda cell, usage: None
    ended: Callable[[Cell, CellResult | str], None] = lambda cell, outcome: None
    """Told a cell's result, or why it failed."""
    observe: Observer = ignore
    """Gets the events of the search that is under way."""


def run_bench(folder: BenchFolder, watch: BenchWatch, *, retry: bool = False) -> Grid:
    """Do the cells that are not done, and write the table after each; return it.

    A cell that fails is kept as failed, with its reason, and the others go on; with `retry` those
    that failed before are tried again. HswarmError for what makes every cell impossible, such as a
    pool that there is not.
    """
    cells = cells_of(folder.config)
    if retry:
        for cell in cells:
            if folder.failure(cell) is not None:
                folder.forget_failure(cell)
    left = [c for c in cells if folder.result(c) is None and folder.failure(c) is None]
    watch.begun(folder.path, cells, len(cells) - len(left))
    if left:
        with Bench(folder) as bench:
            for cell in left:
                _do(bench, cell, watch)
                write_report(folder.path, read_grid(folder))
    grid = read_grid(folder)
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
    watch.ended(cell, outcome)


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
