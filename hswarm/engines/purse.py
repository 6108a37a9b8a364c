"""What a run has paid and may still pay. Money that was spent stays spent, whatever is repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from hswarm.engines.request import Request

Limit = Literal["max-tokens", "max-seconds", "max-dollars", "max-evaluations"]
Bill = Mapping[str, Any]


class BudgetSpent(Exception):  # noqa: N818  (an event, not an error)
    """The budget is gone; `reason` says which."""

    def __init__(self, reason: Limit) -> None:
        super().__init__(reason)
        self.reason = reason


class Purse:
    """Asked before every call that costs money, told after it.

    `limit` and `paid` are in picodollars. A call that is under way when the limit is reached is
    still paid, so that no more is spent than the limit and the calls in flight.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.paid = 0
        self._limit = limit
        self._on_bill: Callable[[Bill], None] = lambda bill: None

    def keep_books(self, earlier: Iterable[Bill], on_bill: Callable[[Bill], None]) -> None:
        """Count what was paid earlier, and have `on_bill` told of every further bill."""
        self.paid += sum(bill["picodollars"] for bill in earlier)
        self._on_bill = on_bill

    def check(self) -> None:
        """Raise `BudgetSpent` if nothing is left."""
        if self._limit is not None and self.paid >= self._limit:
            raise BudgetSpent("max-dollars")

    def pay(self, request: Request, model: str, picodollars: int) -> None:
        """Take note of what a call cost, an answer that is of no use included."""
        self.paid += picodollars
        agent = request.asker.agent if request.asker is not None else ""
        self._on_bill({"agent": agent, "model": model, "picodollars": picodollars})
