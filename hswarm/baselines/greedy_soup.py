"""Greedy soup: the mean of those experts that improve it (Wortsman et al., 2022, "Model soups").

From the best single expert down each is put into the soup and stays there if the soup became
better. A soup is a row, as in `hswarm.baselines.uniform_soup`.

Searched: which experts go in. Evaluations: as many as there are agents, to rank them, and at most
one less than there are experts. Departure: as in Model Swarms (Feng et al., 2024, appendix) an
expert that changes nothing stays out; in the original it goes in.
"""

from __future__ import annotations

import math

from hswarm.baselines.trials import Trials, ranked
from hswarm.baselines.uniform_soup import average


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
