"""Many systems on many examples: utilities and transcripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hswarm.engines.request import CallFailed, Engine, Sampling
from hswarm.system import System, Transcript
from hswarm.tasks.task import Example, Scorer


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a system did: its mean score over the examples that were scored, NaN if none was."""

    utility: float
    scores: tuple[float | None, ...]
    """One per example, in order; None where a call failed for good (reported, never scored)."""
    failures: tuple[str, ...]
    """What went wrong, one line per unscored example."""

    @classmethod
    def of(cls, scores: Sequence[float | None], failures: Sequence[str]) -> Evaluation:
        """Take the mean of `scores`, the unscored left out."""
        scored = [score for score in scores if score is not None]
        utility = sum(scored) / len(scored) if scored else float("nan")
        return cls(utility, tuple(scores), tuple(failures))


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

    async def score(place: int, system: System, row: int, example: Example) -> float | str:
        try:
            transcript = await system.answer(example, engine, sampling)
        except CallFailed as failure:
            return f"{example.id}: {failure}"
        if on_transcript is not None:
            on_transcript(place, row, transcript)
        return scorer(example, transcript.answer)

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
            )
        )
    return evaluations


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
