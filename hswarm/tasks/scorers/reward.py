"""A reward model rates answers: in general, or leaning to long or to short ones (Model Swarms, §3).

Rewards have no scale of their own, so the pool's base model answers the dev items first: its worst
and best reward there are 0 and 1. What is better than its best scores above 1. `verbose` and
`concise` are the mean of that and of where an answer's length falls among the base model's: the
share of its answers that are shorter, or longer (ties count half).
"""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import PrivateAttr

from hswarm.engines.request import CallFailed
from hswarm.errors import HswarmError
from hswarm.judging.rater import Rewarder
from hswarm.tasks.scorers.rated import RatedScorer
from hswarm.tasks.task import Example


class Reward(RatedScorer):
    """The reward of an answer on the scale of the base model's answers to the dev items."""

    reward: Rewarder
    mode: Literal["general", "verbose", "concise"] = "general"
    _range: tuple[float, float] | None = PrivateAttr(default=None)
    _lengths: tuple[int, ...] = PrivateAttr(default=())

    def who(self) -> Rewarder:
        """Return the reward model."""
        return self.reward

    async def calibrate(self, answers: Sequence[tuple[Example, str]], /) -> Self:
        """Return the scorer with the scale that the base model's answers span.

        Answers that cannot be rated are left out; HswarmError if fewer than two are left.
        """
        outcomes = await asyncio.gather(
            *(self._rate(example, answer) for example, answer in answers), return_exceptions=True
        )
        rewards = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, CallFailed):
                raise outcome
            if isinstance(outcome, float):
                rewards.append(outcome)
        if len(rewards) < 2:
            raise HswarmError(
                "The reward model rated fewer than two answers of the base model.",
                hint="Without them there is no scale; see whether the reward model works.",
            )
        set_up = self.model_copy()
        set_up._range = (min(rewards), max(rewards))
        set_up._lengths = tuple(sorted(length_of(answer) for _, answer in answers))
        return set_up

    async def __call__(self, example: Example, answer: str, /) -> float:
        """Return the score; raises `CallFailed` where the model gives no reward."""
        if self._range is None:
            raise ValueError("a reward has no scale before it is calibrated")
        low, high = self._range
        reward = await self._rate(example, answer)
        scaled = (reward - low) / ((high - low) or 1.0)
        if self.mode == "general":
            return scaled
        longer = percentile(self._lengths, length_of(answer))
        return (scaled + (longer if self.mode == "verbose" else 1.0 - longer)) / 2

    async def _rate(self, example: Example, answer: str) -> float:
        exchange = json.dumps([example.question, answer], ensure_ascii=False)
        return float((await self._rater.ask(exchange, max_tokens=1)).text)


def length_of(answer: str) -> int:
    """Return an answer's length in words."""
    return len(answer.split())


def percentile(lengths: Sequence[int], length: int) -> float:
    """Return the share of `lengths` (sorted, not empty) below `length`; equals count half."""
    return (bisect_left(lengths, length) + bisect_right(lengths, length)) / (2 * len(lengths))
