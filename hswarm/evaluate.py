"""Many systems on many examples: utilities and transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable

from hswarm.engines.request import CallFailed, Engine, Sampling
from hswarm.system import System, Transcript
from hswarm.tasks.task import Aggregating, Asking, Calibrating, Example, Scorer, Whole


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a system did: its mean score over the examples that were scored, NaN if none was.

    A task that joins others takes another function of the scores than the mean.
    """

    utility: float
    scores: tuple[float | None, ...]
    """One per example, in order; None where a call failed for good (reported, never scored)."""
    failures: tuple[str, ...]
    """What went wrong, one line per unscored example."""
    whole: int = 0
    """Where the task rates systems as a whole: on how many examples this one was; no item has a
    score of its own then."""

    @property
    def spared(self) -> int:
        """How many examples were not run, since they could not matter; the utility is NaN then."""
        return max(0, sum(score is None for score in self.scores) - len(self.failures))

    @classmethod
    def of(
        cls,
        scores: Sequence[float | None],
        failures: Sequence[str],
        utility: Callable[[Sequence[float | None]], float] | None = None,
    ) -> Evaluation:
        """Take the mean of `scores`, or their `utility`; the unscored are left out."""
        return cls((utility or mean)(scores), tuple(scores), tuple(failures))


def mean(scores: Sequence[float | None]) -> float:
    """Return the mean of those that are scored, NaN if none is."""
    scored = [score for score in scores if score is not None]
    return sum(scored) / len(scored) if scored else float("nan")


def utility_of(
    scorer: Scorer, examples: Sequence[Example], scores: Sequence[float | None]
) -> float:
    """Return the utility of one score per example as the task takes it, NaN if none is scored."""
    if not isinstance(scorer, Aggregating):
        return mean(scores)
    pairs = [(e, s) for e, s in zip(examples, scores, strict=True) if s is not None]
    if not pairs:
        return float("nan")
    return scorer.utility([example for example, _ in pairs], [score for _, score in pairs])


async def converse(
    system: System, example: Example, scorer: Scorer, engine: Engine, sampling: Sampling
) -> tuple[Example, Transcript]:
    """Answer `example`, and what the task asks next, until there is an answer to be scored.

    Returns what was asked last and the way of that question. Raises `CallFailed`.
    """
    asked: Example | None = example
    while asked is not None:
        example = asked
        transcript = await system.answer(example, engine, sampling)
        asked = scorer.follow_up(example, transcript.answer) if isinstance(scorer, Asking) else None
    return example, transcript


async def calibrate(
    scorer: Scorer,
    reference: System,
    examples: Sequence[Example],
    engine: Engine,
    sampling: Sampling,
) -> Scorer:
    """Return `scorer`, set to its scale by what `reference` answers, if it is one that needs that.

    Answers that fail for good are left out.
    """
    if not isinstance(scorer, Calibrating):
        return scorer

    async def answer(example: Example) -> tuple[Example, str] | None:
        try:
            return example, (await reference.answer(example, engine, sampling)).answer
        except CallFailed:
            return None

    answers = await asyncio.gather(*map(answer, examples))
    return await scorer.calibrate([pair for pair in answers if pair is not None])


async def evaluate(
    systems: Sequence[System],
    examples: Sequence[Example],
    scorer: Scorer,
    engine: Engine,
    sampling: Sampling,
    *,
    on_transcript: Callable[[int, int, Transcript], None] | None = None,
) -> list[Evaluation]:
    """Evaluate every system on every example, all at once; the engine decides what waits.

    `on_transcript(system, example, transcript)` gets each one's way through the graph. A failed
    call leaves its example unscored; whatever else goes wrong first is raised.
    """
    if isinstance(scorer, Whole):
        rate = partial(_rate, examples, scorer, engine, sampling)
        return list(await asyncio.gather(*map(rate, systems)))

    async def score(place: int, system: System, row: int, example: Example) -> float | str:
        try:
            asked, transcript = await converse(system, example, scorer, engine, sampling)
            if on_transcript is not None:
                on_transcript(place, row, transcript)
            scored = scorer(asked, transcript.answer)
            return await scored if isawaitable(scored) else scored
        except CallFailed as failure:
            return f"{example.id}: {failure}"

    try:
        async with asyncio.TaskGroup() as group:
            runs = [
                [
                    group.create_task(score(place, system, row, example))
                    for row, example in enumerate(examples)
                ]
                for place, system in enumerate(systems)
            ]
    except ExceptionGroup as several:
        raise _first(several) from None
    evaluations = []
    for tasks in runs:
        outcomes = [task.result() for task in tasks]
        evaluations.append(
            Evaluation.of(
                [None if isinstance(o, str) else o for o in outcomes],
                [o for o in outcomes if isinstance(o, str)],
                partial(utility_of, scorer, examples),
            )
        )
    return evaluations


async def _rate(
    examples: Sequence[Example], scorer: Whole, engine: Engine, sampling: Sampling, system: System
) -> Evaluation:
    """Have a task rate a system as a whole."""

    async def ask(example: Example) -> str:
        return (await system.answer(example, engine, sampling)).answer

    try:
        return Evaluation(await scorer.rate(examples, ask), (), (), whole=len(examples))
    except CallFailed as failure:
        return Evaluation(float("nan"), (), (f"the whole: {failure}",))


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
