"""Tree: a binary tree of all agents, each of which reads two; the root answers.

A shape that the tables of Heterogeneous Swarms (Feng et al., 2025) do not have, tried as its chain
and star are.

Searched: who sits in which place. Evaluations: 20 (`search.baseline.orders`).
"""

from __future__ import annotations

from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials


async def tree(trials: Trials) -> None:
    """Enter random orders of the agents in a tree."""
    await static_role(trials, "tree")
