"""Static roles: a chain or a star of all agents, the best of several random orders on dev.

Heterogeneous Swarms (Feng et al., 2025), §4, takes 20 permutations each.
"""

from __future__ import annotations

from hswarm.config import Shape
from hswarm.graph.shapes import SHAPES
from hswarm.search.found import Candidate, Found, best_of
from hswarm.search.setting import Setting
from hswarm.swarm.random import generator


async def best_of_shape(setting: Setting, shape: Shape, permutations: int) -> Found:
    """Evaluate `permutations` random orders of the agents in `shape` on dev; return the best."""
    agents, seed = len(setting.roster), setting.config.seed
    orders = [
        generator(seed, f"baseline {shape}", k).permutation(agents).tolist()
        for k in range(permutations)
    ]
    rows = setting.roster.original_rows()
    candidates = [Candidate.place(SHAPES[shape](order), range(agents), rows) for order in orders]
    evaluations = await setting.evaluate(0, "start", candidates)
    return best_of(candidates, [evaluation.utility for evaluation in evaluations])
