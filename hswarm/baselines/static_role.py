"""Static roles: all agents in a hand-made shape, the best of several random orders on dev.

Chain and star are those of Heterogeneous Swarms (Feng et al., 2025), §4, which takes 20 orders of
each. Tree, debate (layers that read each other fully, after Du et al., 2023, "Improving factuality
and reasoning through multiagent debate") and a jury with a judge are not in its tables.

Searched: who sits in which place. Evaluations: 20 (`search.baseline.orders`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hswarm.baselines.trials import Trials
from hswarm.config import Shape
from hswarm.graph.shapes import SHAPES
from hswarm.swarm.random import generator


async def best_of_shape(trials: Trials, shape: Shape, orders: int) -> None:
    """Enter `orders` random orders of the agents in `shape`."""
    agents = len(trials.roster)
    drawn = (
        generator(trials.seed, f"baseline {shape}", k).permutation(agents).tolist()
        for k in range(orders)
    )
    await trials.enter([trials.arranged(SHAPES[shape](order)) for order in drawn])


def static_role(shape: Shape) -> Callable[[Trials], Awaitable[None]]:
    """Return the method that tries orders in `shape`, as many as the budget has."""

    async def choose(trials: Trials) -> None:
        orders = trials.setting.config.baseline.orders
        await best_of_shape(trials, shape, trials.allowed(orders))

    return choose
