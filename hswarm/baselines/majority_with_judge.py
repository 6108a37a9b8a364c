"""Majority with a judge: all agents but one answer by themselves; the last one reads all of these
answers and judges.

A shape that the tables of Heterogeneous Swarms (Feng et al., 2025) do not have, tried as its chain
and star are.

Searched: who the judge is. Evaluations: 20 (`search.baseline.orders`), and no more than there are
agents: orders with the same judge are one system. Departure: votes are not counted; the judge reads
the answers.
"""

from __future__ import annotations

from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials


async def majority_with_judge(trials: Trials) -> None:
    """Enter random orders of the agents, the last of which is the judge."""
    await static_role(trials, "jury")
