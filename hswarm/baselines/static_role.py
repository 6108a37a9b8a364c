"""Static roles: all agents in a hand-made shape, the best of several random orders on dev."""

from __future__ import annotations

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


async def static_role(trials: Trials, shape: Shape) -> None:
    """Enter as many orders in `shape` as the budget has, else as the settings say."""
    await best_of_shape(trials, shape, trials.allowed(trials.setting.config.baseline.orders))
