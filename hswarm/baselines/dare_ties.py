"""DARE-TIES: the best two to five experts, thinned at random and merged where their signs agree.

DARE is Yu et al.'s (2024, "Language models are super Mario"), TIES Yadav et al.'s (2023,
"TIES-merging"). As Model Swarms (Feng et al., 2024, appendix) compares with it, the top 2, 3, 4 and
5 on dev are merged and the best on dev is the result.

Searched: how many experts. Evaluations: as many as there are agents, to rank them, and four of each
family's merges. Departures: the density is not searched; of the merge, which is of full rank, as
much is kept as the sum of the experts' ranks holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hswarm.baselines.merging import enter_merges
from hswarm.baselines.trials import Trials
from hswarm.experts import merge
from hswarm.experts.change import Change

SIZES: Final = (2, 3, 4, 5)
DENSITY: Final = 0.5
"""The share of entries that DARE keeps: nothing said, the middle of what its paper tries."""


async def dare_ties(trials: Trials) -> None:
    """Enter the best two to five experts, merged by DARE and TIES."""

    def merged(changes: Sequence[Change]) -> Change:
        rank = sum(next(iter(change.values())).down.shape[0] for change in changes)
        return merge.dare_ties(changes, density=DENSITY, seed=trials.seed, rank=rank)

    await enter_merges(trials, "dare-ties", SIZES, merged)
