"""SFT on dev: the best single expert goes on learning, from the gold answers of the dev items.

Of each item the prompt that a lone model is given, and its first gold answer in words that the
task's scorer takes for it. Supervised fine-tuning on the same few items that the other methods
search by is in neither paper's tables.

Searched: the weights themselves, by gradients. Evaluations: as many as there are agents, to find
the best single one, and 1. The training reads the dev items five times; it generates nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

from hswarm.baselines.trials import Trials
from hswarm.baselines.tuning import ask, best_expert, column
from hswarm.engines.transformers.placement import pick_device
from hswarm.experts.corpus import Pair
from hswarm.experts.finetune import finetune
from hswarm.experts.training import Schedule
from hswarm.swarm.random import generator
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example, Scorer

EPOCHS: Final = 5


async def sft(trials: Trials) -> None:
    """Enter the best single expert, trained on the gold answers of dev."""
    examples = [example for example in trials.setting.examples if example.answers]
    expert, family = await best_expert(trials)
    pairs = [(ask(example), _gold(example, trials.setting.scorer)) for example in examples]
    recipe, shop = trials.recipe, trials.shop()
    steps = math.ceil(EPOCHS * len(pairs) / recipe.batch)
    start = column(trials, expert)

    def train(folder: Path) -> None:
        finetune(
            family,
            start,
            _shuffled(pairs, trials.seed),
            Schedule(steps, min(recipe.batch, len(pairs)), recipe.learning_rate),
            folder,
            seed=trials.seed,
            device=pick_device(shop.device),
        )

    await trials.enter_made(trials.made_name("sft", expert, 1), expert, train)


def _gold(example: Example, scorer: Scorer) -> str:
    """Return the gold answer in words that the task's scorer takes for it."""
    if isinstance(scorer, HarmonicMean):
        return _gold(example, scorer.parts[example.part])
    gold = example.answers[0]
    said = f"The answer is {gold}."
    return said if isinstance(scorer, GoldScorer) and scorer.matches(example, gold, said) else gold


def _shuffled(pairs: Sequence[Pair], seed: int) -> Iterator[Pair]:
    order = generator(seed, "sft").permutation(len(pairs))
    return cycle([pairs[k] for k in order])
