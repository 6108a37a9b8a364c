"""What a found system is compared with, and how all of them do on dev and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Self

from hswarm.analysis.statistics import compare, mean_interval
from hswarm.baselines.best_single import best_single
from hswarm.baselines.static_role import best_of_shape
from hswarm.baselines.trials import Trials
from hswarm.config import Shape
from hswarm.engines.purse import BudgetSpent
from hswarm.engines.request import Engine, Sampling
from hswarm.evaluate import Evaluation, evaluate
from hswarm.search.finalists import hold_out
from hswarm.search.found import Found
from hswarm.search.result import Node, Score, Selection, SystemReport, describe
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.search.tally import Tally
from hswarm.system import System
from hswarm.tasks.task import Example, Task

_SHAPES: Final[tuple[Shape, ...]] = ("chain", "star")
PERMUTATIONS: Final = 5
"""Random orders tried of each hand-made shape that the found system is compared with."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A system that is measured at the end, and what is told of it."""

    system: System
    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, found: Found, roster: Roster) -> Self:
        """Return what was found; its numbers are those of `roster`."""
        return cls(found.candidate.system(roster), describe(found.candidate, roster))


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


async def measure_systems(
    systems: Mapping[str, Measured], engine: Engine, task: Task
) -> tuple[list[Evaluation], list[Evaluation]]:
    """Run every system on dev and on test; returns an evaluation each, in order."""
    several = [own.system for own in systems.values()]
    dev, test = [await _measure(several, part, engine, task) for part in (task.dev, task.test)]
    return dev, test


def compare_systems(
    systems: Mapping[str, Measured],
    dev: Sequence[Evaluation],
    test: Sequence[Evaluation],
) -> tuple[list[SystemReport], list[str]]:
    """Compare the first system with each other one on the same items.

    Returns a report each, and what could not be scored, by name and reason.
    """
    first = test[0]
    reports = []
    for (name, own), on_dev, on_test in zip(systems.items(), dev, test, strict=True):
        paired = on_test is not first and not on_test.whole
        against = compare(first.scores, on_test.scores) if paired else None
        reports.append(
            SystemReport(
                name=name,
                nodes=own.nodes,
                dev=_report(on_dev),
                test=_report(on_test),
                p_value=against.p_value if against else None,
                p_test=against.test if against else None,
            )
        )
    failures = {failure for evaluation in (*dev, *test) for failure in evaluation.failures}
    return reports, sorted(failures)


def report_selection(
    dev: Evaluation, test: Evaluation, finalists: int, share: float, seed: int
) -> Selection | None:
    """Report how the found system does on the two parts of dev, and what its choice made of it.

    None where systems are rated as a whole.
    """
    if dev.whole or test.whole:  # there is no choosing by some of the items
        return None
    searched, held = (_score(part) for part in hold_out(dev.scores, share, seed))
    on_test = _score(test.scores).utility
    parted = held.items + held.unscored > 0
    bias = None
    if searched.utility is not None and on_test is not None:
        bias = searched.utility - on_test
    return Selection(
        searched=searched,
        held=held if parted else None,
        finalists=finalists if parted else 1,
        bias=bias,
    )


async def _measure(
    systems: Sequence[System], examples: Sequence[Example], engine: Engine, task: Task
) -> list[Evaluation]:
    """Evaluate all systems at once; where the dollars do not suffice, as many as they do for.

    A system that cannot be paid for has none of its items scored.
    """

    async def run(some: Sequence[System]) -> list[Evaluation]:
        return await evaluate(some, examples, task.scorer, engine, Sampling(task.max_tokens))

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


def _report(evaluation: Evaluation) -> Score:
    if evaluation.whole:
        return Score(utility=evaluation.utility, items=evaluation.whole)
    score = _score(evaluation.scores)
    if score.utility is None or evaluation.utility == score.utility:
        return score
    # A task that joins others: its utility is no mean, and the mean's interval not its own.
    return score.model_copy(update={"utility": evaluation.utility, "interval": None})


def _score(scores: Sequence[float | None]) -> Score:
    scored = [score for score in scores if score is not None]
    interval = mean_interval(scored)
    return Score(
        utility=sum(scored) / len(scored) if scored else None,
        interval=(interval.low, interval.high) if interval else None,
        items=len(scored),
        unscored=len(scores) - len(scored),
    )
