"""What a method comes to, a search or a baseline: the system it found, and why it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from hswarm.agents.opened import OpenPool
from hswarm.baselines.attempt import Ending, attempt
from hswarm.baselines.trials import Trials
from hswarm.baselines.workshop import Workshop
from hswarm.engines.purse import BudgetSpent
from hswarm.errors import HswarmError
from hswarm.search.finalists import crown
from hswarm.search.found import Found
from hswarm.search.loop import Checkpoint, Reason, search
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting
from hswarm.search.state import SearchState


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method came to, and why it ended."""

    found: Found | None
    iterations: int
    reason: Reason | Ending
    roster: Roster
    """Who there was in the end: those that were made come last."""
    reached: SearchState | None = None
    """Where a search with swarms ended."""

    @property
    def finalists(self) -> int:
        """How many systems there are to choose from."""
        return len(self.reached.finalists) if self.reached is not None else 1

    async def choose(self, setting: Setting) -> Found | None:
        """Return the finalist that does best in `setting`, held items included.

        It is the best of the search where that cannot be paid for, or nothing was held out.
        """
        if self.reached is not None:
            with suppress(BudgetSpent):
                return await crown(self.reached, setting)
        return self.found


async def run_search(
    setting: Setting, checkpoint: Checkpoint, state: SearchState | None
) -> Outcome:
    """Search with swarms, from the start or from `state`; see `hswarm.search.loop.search`."""
    try:
        reached, reason = await search(setting, checkpoint, state)
    except BudgetSpent:
        raise HswarmError(
            "The dollars were spent before the start of the search was evaluated.",
            hint="Resume the run with a higher --max-dollars; what was answered is kept.",
        ) from None
    return Outcome(reached.found, reached.iteration, reason, setting.roster, reached)


async def run_baseline(
    setting: Setting, pool: OpenPool, workshop: Workshop, *, end_step: Callable[[int], None]
) -> Outcome:
    """Run the baseline that the setting names; `end_step` is told each batch's number when it ends.

    It keeps no state: resumed, it asks the memo all over again.
    """
    batches = count()
    trials = Trials(
        setting,
        kind="baseline",
        descriptions=pool.descriptions,
        data=pool.data,
        recipe=pool.training,
        workshop=workshop,
        on_batch=lambda: end_step(next(batches)),
    )
    found, reason = await attempt(setting.config.method, trials)
    return Outcome(found, 0, reason, trials.setting.roster)
