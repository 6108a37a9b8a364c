"""From positions of the weight swarm to the coefficients that models are blended with."""

from __future__ import annotations

from hswarm.search.setting import Setting
from hswarm.swarm.populate import populate
from hswarm.swarm.state import FloatMatrix


def realise(positions: FloatMatrix, setting: Setting) -> FloatMatrix:
    """Return the coefficient rows of particles at `positions`, shape (N, n).

    They are the positions (both papers), drawn back to where the particles started by the share
    `anchor`: a particle that started as an expert keeps so much of what that expert knows,
    whatever it is blended with. Whoever has not moved is exactly what it was.
    """
    config = setting.config
    if not config.weight.anchor:
        return positions
    home = populate(
        len(setting.experts),
        len(positions),
        seed=config.seed,
        crossover=config.weight.crossover,
    )
    rows: FloatMatrix = home + (1.0 - config.weight.anchor) * (positions - home)
    return rows
