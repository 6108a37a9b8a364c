"""A search problem whose answers are computed, so that tests of the search need no model.

An answer is a number: how near the blend is to a target row, raised by what the parents said.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

import numpy as np

from hswarm.config import SearchConfig
from hswarm.engines.request import CallFailed, Completion, Request, Sampling
from hswarm.search.roster import Experts, Roster
from hswarm.search.setting import Setting
from hswarm.tasks.task import Example

TARGET = np.array([0.5, 0.3, 0.2, 0.0])


@dataclass
class Landscape:
    """Answers by formula, `concurrency` at a time, and remembers what it was asked.

    `failing` prompts fail for good.
    """

    concurrency: int = 64
    failing: str | None = None
    asked: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.concurrency)

    async def generate(self, request: Request, /) -> Completion:
        async with self._seats:
            return await self._answer(request)

    async def _answer(self, request: Request) -> Completion:
        self.asked.append(request)
        await asyncio.sleep(0)
        if self.failing is not None and self.failing in request.prompt:
            raise CallFailed("scripted to fail")
        row = np.array(request.model.row)
        near = 1.0 / (1.0 + np.abs(row - np.resize(TARGET, len(row))).sum())
        said = [float(x) for x in re.findall(r"Previous response \d+: (\S+)", request.prompt)]
        shift = float(re.search(r"item (\d+)", request.prompt)[1]) / 1000
        value = near + 0.3 * max(said, default=0.0) + shift
        return Completion(repr(float(value)), len(request.prompt), 4)


def score(example: Example, answer: str) -> float:
    return float(answer)


def make_setting(config: SearchConfig, engine: Landscape, *, experts: int = 4, items: int = 3):
    return Setting(
        roster=Roster(
            (Experts("family", tuple("abcdefgh"[:experts])),), particles=config.weight.particles
        ),
        examples=tuple(Example(str(k), f"item {k}", ("",)) for k in range(items)),
        scorer=score,
        sampling=Sampling(max_tokens=8),
        config=config,
        engine=engine,
    )
