"""How many systems were evaluated, and how many may be: what methods are compared at."""

from __future__ import annotations

from dataclasses import dataclass

from hswarm.engines.purse import BudgetSpent


@dataclass(slots=True)
class Tally:
    """Counts evaluations. One is a system run on all dev items, whatever the memo knows of it.

    `items` is the number of dev items: what a system is run on fewer of costs that share. `limit`
    None is no limit. While it is not `armed` it counts and refuses nothing.
    """

    items: int = 1
    limit: int | None = None
    armed: bool = True
    runs: int = 0
    """Items that systems were run on, in all."""
    spared: int = 0
    """Of those the ones that were not run after all: they could change nothing, or the system fell
    out of a race."""

    @property
    def spent(self) -> int:
        """Evaluations so far, a part of one counted as one."""
        return -(-self.runs // self.items)

    @property
    def left(self) -> int | None:
        """How many more there may be; None is any number."""
        return None if self.limit is None else max(0, self.limit - self.spent)

    def take(self, systems: int, items: int) -> None:
        """Count `systems` that are about to be run on `items` each.

        Raises `BudgetSpent` if they are too many; then none of them is counted.
        """
        runs = self.runs + systems * items
        if self.armed and self.limit is not None and runs > self.limit * self.items:
            raise BudgetSpent("max-evaluations")
        self.runs = runs
