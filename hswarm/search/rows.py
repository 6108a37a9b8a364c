"""From positions of the weight swarms to the coefficients that models are blended with."""

from __future__ import annotations

from collections.abc import Sequence

from hswarm.search.roster import Row
from hswarm.search.setting import Setting
from hswarm.swarm.populate import populate
from hswarm.swarm.state import FloatMatrix


def realise(positions: Sequence[FloatMatrix], setting: Setting) -> list[Row]:
    """Return everybody's coefficients, by number, with each family's swarm at its N×n `positions`.

    They are the positions (both papers), drawn back to where the particles started by the share
    `anchor`: a particle that started as an expert keeps so much of what that expert knows,
    whatever it is blended with. Whoever has not moved is exactly what it was.
    """
    return setting.roster.rows([_anchor(swarm, setting) for swarm in positions])


def _anchor(positions: FloatMatrix, setting: Setting) -> FloatMatrix:
    config = setting.config
    if not config.weight.anchor:
        return positions
    particles, experts = positions.shape
    home = populate(experts, particles, seed=config.seed, crossover=config.weight.crossover)
    anchored: FloatMatrix = home + (1.0 - config.weight.anchor) * (positions - home)
    return anchored
