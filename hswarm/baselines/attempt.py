"""A baseline from its beginning to its result, whatever ends it."""

from __future__ import annotations

from typing import Literal

from hswarm.baselines.methods import BASELINES, check_fit
from hswarm.baselines.needs import Given
from hswarm.baselines.trials import Trials
from hswarm.engines.purse import BudgetSpent, Limit
from hswarm.errors import HswarmError
from hswarm.search.found import Found

Ending = Literal["done"] | Limit


async def attempt(name: str, trials: Trials) -> tuple[Found, Ending]:
    """Have the baseline `name` choose a system; return it and why it ended.

    HswarmError if task or pool do not fit, or the budget was gone before there was anything to
    choose.
    """
    check_fit(name, Given(trials.setting.scorer, trials.setting.examples, trials.roster))
    ending: Ending = "done"
    try:
        await BASELINES[name].choose(trials)
    except* BudgetSpent as group:
        ending = next(e.reason for e in group.exceptions if isinstance(e, BudgetSpent))
    if trials.found is None:
        spent = trials.setting.tally.spent
        raise HswarmError(
            f"The budget ended {name} ({ending}) before it had a system,"
            f" after {spent} evaluation{'' if spent == 1 else 's'}.",
            hint=f"It takes a higher --{ending}: a run is resumed with one, and what was answered"
            " is kept; a bench begins with one.",
        )
    trials.keep_found()
    return trials.found, ending
