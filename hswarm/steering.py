"""Between two found systems: their models interpolated as far as a person wants.

Model Swarms (Feng et al., 2024), appendix A: search for two conflicting objectives apart, then
interpolate the two experts by a number from 0 to 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hswarm.api import provenance
from hswarm.comparison import Measured, compare_systems, measure_systems
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.evaluate import calibrate
from hswarm.pipeline.seats import found_system
from hswarm.report.opened import OpenedRun, open_run
from hswarm.search.found import reference
from hswarm.search.result import Node, Result, SystemReport, UsageReport, dump
from hswarm.session import load, remembered_ratings
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run, refuse_occupied
from hswarm.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Steered:
    """What came of it: the run that was written, and how everything does on each run's task."""

    folder: Path
    result: Result
    """On the first run's task."""
    other: tuple[str, tuple[SystemReport, ...]] | None
    """The second run's task, if that is another, and all systems on it."""


def blend_runs(first: Path, second: Path, at: float, out: Path | None = None) -> Steered:
    """Write the run of the system (1 − `at`)·first + `at`·second, measured beside both.

    Each node's model is blended with the same node's. HswarmError where the two are not of one
    pool, or their graphs are not the same.
    """
    if not 0.0 <= at <= 1.0:
        raise HswarmError(
            f"--at {at:g} is not between the two.", hint="0 is the first, 1 the other."
        )
    runs = [open_run(folder) for folder in (first, second)]
    one, other = runs
    nodes = between(one.result.found.nodes, other.result.found.nodes, at)
    if one.pool.fingerprint != other.pool.fingerprint:
        raise HswarmError(
            "The two runs are of different pools.", hint="Blend what was found over the same pool."
        )
    out = out or first.with_name(f"{first.name}-{second.name}-{at:g}")
    refuse_occupied(out)
    config = one.record.config
    ends = {"runs": [str(folder.absolute()) for folder in (first, second)], "at": at}
    with Run.create(out, config, {**provenance(one.task, one.pool), "between": ends}) as run:
        reports, usage, failures = asyncio.run(_measure(runs, nodes, run))
        own, beside = reports[0], reports[1:]
        told = UsageReport(**{name: getattr(usage, name) for name in UsageReport.model_fields})
        result = Result(
            task=one.task.title,
            pool=one.pool.name,
            method="blend",
            seed=config.search.seed,
            iterations=0,
            stopped="done",
            evaluations=len(own),
            found=own[0],
            compared=tuple(own[1:]),
            search=told,
            total=told,
            failures=tuple(failures),
            found_in=0,
        )
        run.write_accounts(usage.snapshot())
        run.write_result(dump(result))
    return Steered(out, result, (other.task.title, tuple(beside[0])) if beside else None)


def between(first: Sequence[Node], second: Sequence[Node], at: float) -> tuple[Node, ...]:
    """Return the nodes of a system between two of one graph; HswarmError where they are not.

    Coefficients are (1 − at)·a + at·b; who has none, a model behind an API or a tool, is the same
    in both.
    """
    if [node.parents for node in first] != [node.parents for node in second]:
        raise HswarmError(
            "The two systems have different graphs, and nothing is between those.",
            hint="Experts found by --method model-swarms are one node each.",
        )
    return tuple(_between(a, b, at) for a, b in zip(first, second, strict=True))


def _between(a: Node, b: Node, at: float) -> Node:
    blended = bool(a.coefficients) and bool(b.coefficients) and not (a.made or b.made)
    if not blended:
        if a != b:
            raise HswarmError(
                f"Between {a.agent} and {b.agent} there is nothing: one of them is no blend.",
                hint="Only experts of one pool can be interpolated.",
            )
        return a
    names = dict.fromkeys((*a.coefficients, *b.coefficients))
    mixed = {
        name: (1.0 - at) * a.coefficients.get(name, 0.0) + at * b.coefficients.get(name, 0.0)
        for name in names
    }
    agent = a.agent if a.agent == b.agent else f"{a.agent} + {b.agent}"[:80]
    return a.model_copy(
        update={"agent": agent, "coefficients": {n: c for n, c in mixed.items() if c}}
    )


async def _measure(
    runs: Sequence[OpenedRun], nodes: tuple[Node, ...], run: Run
) -> tuple[list[list[SystemReport]], Usage, list[str]]:
    """Return reports on each different task of the runs: of the blend, then of what they found."""
    one, usage = runs[0], Usage()
    systems = {"blend": Measured(found_system(nodes, one.pool), nodes)}
    for opened in runs:
        name = opened.record.name
        systems[name if name not in systems else f"{name} (2)"] = Measured(
            opened.found(), opened.result.found.nodes
        )
    models = load(one.pool, run.config)
    models.purse.keep_books(run.read_bills(), run.append_bill)
    reports: list[list[SystemReport]] = []
    failures: list[str] = []
    with SqliteMemo(run.memo) as store:
        memo = MemoEngine(models.engine, store, usage=usage)
        try:
            for task in {opened.task.fingerprint: opened.task for opened in runs}.values():
                async with remembered_ratings(task, run.folder, models.purse):
                    own, failed = await _on(task, one, systems, memo)
                reports.append(own)
                failures += failed
        finally:
            await memo.aclose()
    return reports, usage, failures


async def _on(
    task: Task, run: OpenedRun, systems: dict[str, Measured], engine: MemoEngine
) -> tuple[list[SystemReport], list[str]]:
    sampling = Sampling(max_tokens=task.max_tokens)
    alone = reference(run.roster)
    scorer = await calibrate(task.scorer, alone, task.dev, engine, sampling)
    dev, test = await measure_systems(systems, engine, replace(task, scorer=scorer))
    return compare_systems(systems, dev, test)
