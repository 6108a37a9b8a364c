"""EvolMerge: a genetic algorithm over how far each layer is one expert or the other (Akiba et al.,
2024, "Evolutionary optimization of model merging recipes").

As Model Swarms (Feng et al., 2024, appendix) compares with it: layers of the best two experts are
crossed over by linear interpolation, generation by generation, and the best ten are kept. A genome
is a number per layer, 0 for the one expert and 1 for the other; a child's layers lie at random
places between its parents'.

Searched: the interpolation of each layer. Evaluations: 50 beside ranking the singles: five
generations of ten, where the paper has up to 200. Departure: what is interpolated is the change
ΔW = s·B·A, which is to interpolate the layers themselves, and no layers are stacked anew.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.baselines.trials import Trials, ranked
from hswarm.errors import HswarmError
from hswarm.experts.blend import write_adapter
from hswarm.experts.change import Change, change_of, combine, state_dict
from hswarm.experts.family import Family
from hswarm.swarm.random import generator

EVALUATIONS: Final = 50
GENERATION: Final = 10
"""Children of a generation, and how many of all are kept to have the next."""

_LAYER: Final = re.compile(r"\.(\d+)\.")

Genome = NDArray[np.float64]


async def evol_merge(trials: Trials) -> None:
    """Enter the children of the best two experts, generation by generation."""
    families = [experts for experts in trials.families() if len(experts) > 1]
    if not families:
        raise HswarmError(
            "evol-merge crosses two experts, and no family of the pool has so many.",
            hint="Take a pool with more experts on one base.",
        )
    shop = trials.open_shop()
    singles = len(trials.roster)
    budget = trials.allowed(EVALUATIONS + singles) - singles
    utilities = await trials.measure_singles(and_then=1)
    for place, experts in enumerate(families):
        best = ranked(experts, utilities)[:2]
        family = shop.family_of(trials.roster, best[0])
        parents = [change_of(family, shop.stack(family), experts.index(k)) for k in best]
        layers = layers_of(family)
        share = budget * (place + 1) // len(families) - budget * place // len(families)
        kept: list[tuple[float, Genome]] = []
        for child in range(max(1, share)):
            rng = generator(trials.seed, "evol-merge", place, child)
            genome = rng.random(len(layers))
            if child >= GENERATION:
                genome = breed([parent for _, parent in kept], rng)
            write = partial(_write, family, parents, dict(zip(layers, genome, strict=True)))
            name = trials.made_name("evol-merge", best[0], child + 1)
            utility = await trials.enter_made(name, best[0], write)
            born = [*kept, (float(np.nan_to_num(utility, nan=-np.inf)), genome)]
            kept = sorted(born, key=lambda one: -one[0])[:GENERATION]


def breed(parents: list[Genome], rng: np.random.Generator) -> Genome:
    """Return a child of two of `parents`: each layer lies at random between theirs."""
    one, other = (parents[k] for k in rng.choice(len(parents), size=2, replace=False))
    along = rng.random(len(one))
    child: Genome = one + along * (other - one)
    return child


def layers_of(family: Family) -> list[str]:
    """Return the layers that a family's experts change, by name; "" is what is in none."""
    return list(dict.fromkeys(layer_of(module) for module in family.modules))


def layer_of(module: str) -> str:
    """Return the layer that a module is in: "3" of "model.layers.3.mlp.up_proj"."""
    found = _LAYER.search(f".{module}.")
    return found[1] if found else ""


def _write(family: Family, parents: list[Change], genome: dict[str, float], folder: Path) -> None:
    def weights(module: str) -> tuple[float, float]:
        along = float(genome[layer_of(module)])
        return 1.0 - along, along

    tensors, rank = state_dict(combine(parents, weights))
    write_adapter(family, tensors, folder, rank=rank)
