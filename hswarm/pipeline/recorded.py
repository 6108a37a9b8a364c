"""What the search itself heard from the system that is exported, as far as its memo knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hswarm.engines.request import CallFailed, Completion, Engine, Request, Sampling
from hswarm.engines.router import Closing
from hswarm.pipeline.manifest import GoldenItem, GoldenNote
from hswarm.store.memo import SqliteMemo
from hswarm.system import System
from hswarm.tasks.task import Example


@dataclass(slots=True, eq=False)
class Recorded:
    """An engine that remembers what the search heard, and asks only for what it does not know.

    `open_engine` opens the one to ask, None if nobody is to be asked.
    """

    memo: SqliteMemo
    open_engine: Callable[[], Engine] | None = None
    _engine: Engine | None = None

    async def generate(self, request: Request, /) -> Completion:
        """Return the recorded answer, or a new one; raises `CallFailed` where there is none."""
        found = self.memo.load(request.key())
        if found is not None:
            return found.completion
        if self.open_engine is None:
            raise CallFailed("not recorded")
        if self._engine is None:
            self._engine = self.open_engine()
        return await self._engine.generate(request)

    async def aclose(self) -> None:
        """End the engine that was opened, if one was."""
        if isinstance(self._engine, Closing):
            await self._engine.aclose()


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
        answers = _recall(system, example, Recorded(memo), sampling)
        recorded += answers is not None
        same += answers == [turn.answer for turn in item.turns]
    return GoldenNote(items=len(golden), recorded=recorded, same=same)


def _recall(
    system: System, example: Example, engine: Recorded, sampling: Sampling
) -> list[str] | None:
    try:
        transcript = asyncio.run(system.answer(example, engine, sampling))
    except CallFailed:
        return None
    return [turn.completion.text for turn in transcript.turns]
