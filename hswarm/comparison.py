"""What a found system is compared with, and how all of them do on dev and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from hswarm.analysis.statistics import compare, mean_interval
from hswarm.baselines.best_single import best_single
from hswarm.baselines.static_role import best_of_shape
from hswarm.baselines.trials import Trials
from hswarm.config import Shape
from hswarm.engines.purse import BudgetSpent
from hswarm.evaluate import Evaluation, evaluate
from hswarm.search.found import Found
from hswarm.search.result import Score, SystemReport, describe
from hswarm.search.setting import Setting
from hswarm.search.tally import Tally
from hswarm.system import System
from hswarm.tasks.task import Example, Task

_SHAPES: Final[tuple[Shape, ...]] = ("chain", "star")
PERMUTATIONS: Final = 5
"""Random orders tried of each hand-made shape that the found system is compared with."""


async def choose_rivals(setting: Setting) -> dict[str, Found]:
    """Return what the found system has to beat, by name, each chosen on dev.

    Those for which there are no dollars any more are left out.
    """
    rivals: dict[str, Found] = {}
    setting = replace(setting, tally=Tally())
    with suppress(BudgetSpent):
        singles = Trials(setting)
        await best_single(singles)
        rivals |= _named("best single", singles)
        for shape in _SHAPES if len(setting.roster) > 1 else ():
            orders = Trials(setting)
            await best_of_shape(orders, shape, PERMUTATIONS)
            rivals |= _named(f"best of {PERMUTATIONS} {shape}s", orders)
    return rivals


def _named(name: str, trials: Trials) -> dict[str, Found]:
    return {name: trials.found} if trials.found is not None else {}


async def compare_systems(
    systems: Mapping[str, Found], setting: Setting, task: Task
) -> tuple[list[SystemReport], list[str]]:
    """Run every system on dev and test, the first against each other one on the same items.

    Returns a report each, and what could not be scored, by name and reason.
    """
    candidates = [found.candidate.system(setting.roster) for found in systems.values()]
    splits = [await _measure(candidates, examples, setting) for examples in (task.dev, task.test)]
    first = splits[1][0]
    reports = []
    for (name, found), dev, test in zip(systems.items(), *splits, strict=True):
        against = None if test is first else compare(first.scores, test.scores)
        reports.append(
            SystemReport(
                name=name,
                nodes=describe(found.candidate, setting.roster),
                dev=_score(dev),
                test=_score(test),
                p_value=against.p_value if against else None,
                p_test=against.test if against else None,
            )
        )
    failures = {f for evaluations in splits for e in evaluations for f in e.failures}
    return reports, sorted(failures)


async def _measure(
    systems: Sequence[System], examples: Sequence[Example], setting: Setting
) -> list[Evaluation]:
    """Evaluate all systems at once; where the dollars do not suffice, as many as they do for.

    A system that cannot be paid for has none of its items scored.
    """

    async def run(some: Sequence[System]) -> list[Evaluation]:
        return await evaluate(some, examples, setting.scorer, setting.engine, setting.sampling)

    with suppress(BudgetSpent):
        return await run(systems)
    evaluations = []
    for system in systems:
        try:
            evaluations += await run([system])
        except BudgetSpent:
            unpaid = [f"{example.id}: the dollars were spent" for example in examples]
            evaluations.append(Evaluation.of([None] * len(examples), unpaid))
    return evaluations


def _score(evaluation: Evaluation) -> Score:
    scored = [score for score in evaluation.scores if score is not None]
    interval = mean_interval(scored)
    return Score(
        utility=evaluation.utility if scored else None,
        interval=(interval.low, interval.high) if interval else None,
        items=len(scored),
        unscored=len(evaluation.failures),
    )
