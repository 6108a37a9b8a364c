"""Slerp: the two experts that do best alone on dev, half-way along the arc between them.

Spherical linear interpolation is Shoemake's (1985, "Animating rotation with quaternion curves"); as
a way to merge models Model Swarms (Feng et al., 2024, appendix) compares with it.

Searched: nothing beside who the best two are. Evaluations: as many as there are agents, to rank
them, and 1 per family. Departure: what is interpolated is each expert's change ΔW = s·B·A, not
whole weights, between which the angle is next to nothing, so that slerp of them is their mean.
"""

from __future__ import annotations

from hswarm.baselines.merging import enter_merges
from hswarm.baselines.trials import Trials
from hswarm.experts import merge


async def slerp(trials: Trials) -> None:
    """Enter the best two experts, half-way along the arc between them."""
    await enter_merges(trials, "slerp", (2,), lambda changes: merge.slerp(changes[0], changes[1]))
