"""Star: one agent, then all others but one, who read it, then the last one, who reads them.

As Heterogeneous Swarms (Feng et al., 2025, appendix) compares with it, 1-8-1 for ten agents: random
orders of all agents, the best of which on dev is the result.

Searched: who sits in which place. Evaluations: 20 (`search.baseline.orders`), as in the paper.
"""

from __future__ import annotations

from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials


async def star(trials: Trials) -> None:
    """Enter random orders of the agents in a star."""
    await static_role(trials, "star")
