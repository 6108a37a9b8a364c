"""Model stock: the best three to five experts, averaged and drawn to the base by their geometry
(Jang et al., 2024, "Model stock: all we need is just a few fine-tuned models").

As Model Swarms (Feng et al., 2024, appendix) compares with it, the top 3, 4 and 5 on dev are merged
and the best on dev is the result.

Searched: how many experts. Evaluations: as many as there are agents, to rank them, and three of
each family's merges. Departures: the angle is taken of each module's change ΔW = s·B·A, and is the
mean of all pairs'; experts that contradict each other on a module leave it as the base has it.
"""

from __future__ import annotations

from typing import Final

from hswarm.baselines.merging import enter_merges
from hswarm.baselines.trials import Trials
from hswarm.experts import merge

SIZES: Final = (3, 4, 5)


async def model_stock(trials: Trials) -> None:
    """Enter the best three to five experts, merged by their geometry."""
    await enter_merges(trials, "model-stock", SIZES, merge.model_stock)
