"""What a search may spend: an engine that answers no more once the budget is gone.

Dollars are not counted here but where they are paid (`hswarm.engines.purse`): an answer from the
memo costs none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hswarm.config import BudgetConfig
from hswarm.engines.purse import BudgetSpent
from hswarm.engines.request import Completion, Engine, Request


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
