"""What a search may spend: an engine that answers no more once the budget is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hswarm.config import BudgetConfig
from hswarm.engines.request import Completion, Engine, Request


class BudgetSpent(Exception):  # noqa: N818  (an event, not an error)
    """The budget is gone; `reason` says which."""

    def __init__(self, reason: Literal["max-tokens", "max-seconds"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class BudgetedEngine:
    """Passes requests on until the budget is spent, then raises `BudgetSpent`.

    `tokens` tells the tokens generated so far, `seconds` the seconds that earlier processes of the
    same run have searched. `armed` is off while the start is evaluated.
    """

    inner: Engine
    budget: BudgetConfig
    tokens: Callable[[], int]
    seconds: float = 0.0
    armed: bool = False
    _begun: float = field(default_factory=time.monotonic)

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request` if the budget allows."""
        if self.armed:
            self._check()
        completion = await self.inner.generate(request)
        if self.armed:
            self._check()
        return completion

    def elapsed(self) -> float:
        """Return the seconds searched, those of earlier processes included."""
        return self.seconds + time.monotonic() - self._begun

    def _check(self) -> None:
        limit = self.budget.max_tokens
        if limit is not None and self.tokens() > limit:
            raise BudgetSpent("max-tokens")
        if self.budget.max_seconds is not None and self.elapsed() > self.budget.max_seconds:
            raise BudgetSpent("max-seconds")
