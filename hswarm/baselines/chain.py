"""Chain: one agent after the other, each of which reads the one before it.

As Heterogeneous Swarms (Feng et al., 2025, appendix) compares with it: random orders of all agents,
the best of which on dev is the result.

Searched: who sits in which place. Evaluations: 20 (`search.baseline.orders`), as in the paper.
"""

from __future__ import annotations

from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials


async def chain(trials: Trials) -> None:
    """Enter random orders of the agents in a chain."""
    await static_role(trials, "chain")
