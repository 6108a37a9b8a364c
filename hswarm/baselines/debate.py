"""Debate: layers of agents that read the layer before them fully, and one who reads the last layer.

After Du et al. (2023, "Improving factuality and reasoning through multiagent debate"), whose rounds
are the layers. Not in the tables of Heterogeneous Swarms (Feng et al., 2025); tried as its chain
and star are.

Searched: who sits in which place. Evaluations: 20 (`search.baseline.orders`). Departure: every
agent speaks once, in one of about √n layers, where in a debate all speak in every round.
"""

from __future__ import annotations

from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials


async def debate(trials: Trials) -> None:
    """Enter random orders of the agents in layers."""
    await static_role(trials, "debate")
