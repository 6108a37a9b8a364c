"""Soups: experts averaged, all of them or those that help (Wortsman et al., 2022, "Model soups").

Both are points in coefficient space, so that nothing is merged on disk: a soup is a row. A and B of
the adapters are averaged separately, as whole state dicts are in the papers. Of a pool of several
families each has a soup of its own, the best of which on dev is the result.

Searched: nothing (uniform), which experts go in (greedy). Evaluations: 1 per family (uniform); n
singles and at most n − 1 soups (greedy).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hswarm.baselines.trials import Trials, ranked


async def uniform_soup(trials: Trials) -> None:
    """Enter the mean of all experts."""
    await trials.enter(
        [trials.blended(experts, average(experts, experts)) for experts in trials.families()]
    )


async def greedy_soup(trials: Trials) -> None:
    """Add experts to the soup from the best single one down, and keep those that improve it."""
    utilities = await trials.measure_singles()
    for experts in trials.families():
        first, *others = ranked(experts, utilities)
        soup = [first]
        (best,) = await trials.enter([trials.blended(experts, average(soup, experts))])
        for expert in others:
            fuller = trials.blended(experts, average([*soup, expert], experts))
            (utility,) = await trials.enter([fuller])
            if utility > best or math.isnan(best):
                soup, best = [*soup, expert], utility


def average(chosen: Sequence[int], experts: Sequence[int]) -> list[float]:
    """Return the row that is the mean of the `chosen` among `experts`."""
    return [1.0 / len(chosen) if expert in chosen else 0.0 for expert in experts]
