"""Data merge: one expert, trained on what all experts were trained on.

As in both papers (Feng et al., 2024 and 2025). It is trained as long as the pool's `training` says,
on one pair of each expert's data after the other, from a new adapter of their shape.

Searched: nothing. Evaluations: 1 per family.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from hswarm.baselines.corpora import read_corpora
from hswarm.baselines.trials import Trials
from hswarm.engines.transformers.placement import pick_device
from hswarm.experts.corpus import Pair
from hswarm.experts.finetune import finetune
from hswarm.experts.training import Schedule

STEPS: Final = 300
"""Where the pool does not say."""


async def data_merge(trials: Trials) -> None:
    """Enter an expert of each family's joined data."""
    shop = trials.open_shop()
    recipe = trials.recipe
    schedule = Schedule(recipe.steps or STEPS, recipe.batch, recipe.learning_rate)
    families = [
        (experts[0], shop.family_of(trials.roster, experts[0])) for experts in trials.families()
    ]
    joined = [join(read_corpora("data-merge", family.names, trials.data)) for _, family in families]
    for (expert, family), pairs in zip(families, joined, strict=True):
        train = partial(
            finetune,
            family,
            None,
            pairs,
            schedule,
            seed=trials.seed,
            device=pick_device(shop.device),
        )
        name = trials.made_name("data-merge", expert, 1)
        await trials.enter_made(name, expert, train, common=f"{name}, seed {trials.seed}")


def join(corpora: Sequence[Iterator[Pair]]) -> Iterator[Pair]:
    """Yield a pair of each corpus in turn, endlessly."""
    while True:
        for corpus in corpora:
            yield next(corpus)
