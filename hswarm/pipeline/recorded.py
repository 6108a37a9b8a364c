"""What the search itself heard from the system that is exported, as far as its memo knows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hswarm.engines.recorded import RecordedEngine
from hswarm.engines.request import CallFailed, Sampling
from hswarm.pipeline.manifest import GoldenItem, GoldenNote
from hswarm.store.memo import SqliteMemo
from hswarm.system import System
from hswarm.tasks.task import Example


def compare_with_run(
    memo: SqliteMemo,
    system: System,
    examples: Sequence[Example],
    sampling: Sampling,
    golden: Sequence[GoldenItem],
) -> GoldenNote:
    """Say how many of the golden answers the run's memo knows, and how many are the same.

    `system` is the one that the search evaluated, on its own experts; `examples` are the golden
    ones in order.
    """
    recorded = same = 0
    for example, item in zip(examples, golden, strict=True):
        answers = _recall(system, example, RecordedEngine([memo]), sampling)
        recorded += answers is not None
        same += answers == [turn.answer for turn in item.turns]
    return GoldenNote(items=len(golden), recorded=recorded, same=same)


def _recall(
    system: System, example: Example, engine: RecordedEngine, sampling: Sampling
) -> list[str] | None:
    try:
        transcript = asyncio.run(system.answer(example, engine, sampling))
    except CallFailed:
        return None
    return [turn.completion.text for turn in transcript.turns]
