"""Uniform soup: the mean of all experts (Wortsman et al., 2022, "Model soups").

A soup is a point in coefficient space, so that nothing is merged on disk: it is a row. A and B of
the adapters are averaged separately, as whole state dicts are in the papers. Of a pool of several
families each has a soup of its own, the best of which on dev is the result.

Searched: nothing. Evaluations: 1 per family.
"""

from __future__ import annotations

from collections.abc import Sequence

from hswarm.baselines.trials import Trials


async def uniform_soup(trials: Trials) -> None:
    """Enter the mean of all experts."""
    await trials.enter(
        [trials.blended(experts, average(experts, experts)) for experts in trials.families()]
    )


def average(chosen: Sequence[int], experts: Sequence[int]) -> list[float]:
    """Return the row that is the mean of the `chosen` among `experts`."""
    return [1.0 / len(chosen) if expert in chosen else 0.0 for expert in experts]
