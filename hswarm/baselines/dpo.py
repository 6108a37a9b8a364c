"""DPO: the best single expert, trained to prefer its better answers (Rafailov et al., 2023, "Direct
preference optimization").

It is asked each dev item several times; where one answer scores better than another, the best and
the worst are a pair to learn from. Where none ever does, the expert stays what it is. Model Swarms
(Feng et al., 2024), §4, compares with it where a reward model scores; here any score will do.

Searched: the weights themselves, by gradients. Evaluations: as many as there are agents, to find
the best single one, and 1; beside these four answers to each dev item. Departure: pairs are of the
expert's own answers, not of a data set of preferences.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import Final

from hswarm.baselines.trials import Trials
from hswarm.baselines.tuning import (
    BATCH,
    ask,
    best_expert,
    column,
    gently,
    score,
)
from hswarm.engines.request import Asker, CallFailed, Request, Sampling
from hswarm.experts.preference import Preference, train_dpo
from hswarm.experts.supervised import import_trl
from hswarm.search.events import Note
from hswarm.tasks.task import Example

EPOCHS: Final = 5
SAMPLES: Final = 4
"""Answers to each dev item that pairs are drawn from."""


async def dpo(trials: Trials) -> None:
    """Enter the best single expert, trained to prefer its own better answers."""
    import_trl("dpo")
    expert, family = await best_expert(trials)
    preferences = await _preferences(trials, expert)
    if not preferences:
        trials.setting.observe(
            Note("dpo: no answer scored better than another, so there was nothing to learn.")
        )
        await trials.enter([trials.singles()[expert]])
        return
    training = gently(trials, math.ceil(EPOCHS * len(preferences) / BATCH))
    train = partial(train_dpo, family, column(trials, expert), training, preferences=preferences)
    await trials.enter_made(trials.made_name("dpo", expert, 1), expert, train)


async def _preferences(trials: Trials, expert: int) -> list[Preference]:
    """Return the best and the worst of some answers to each dev item, where they differ."""
    setting, name = trials.setting, trials.roster.name(expert)
    model = trials.models()[name]

    async def compare(example: Example) -> Preference | None:
        prompt = ask(example)
        scored: list[tuple[float, str]] = []
        for k in range(SAMPLES):
            sampling = Sampling(setting.sampling.max_tokens, temperature=1.0, seed=k)
            try:
                answer = await setting.engine.generate(
                    Request(model, prompt, sampling, Asker(name, 0))
                )
            except CallFailed:
                continue
            worth = await score(trials, example, answer.text)
            if worth is not None:
                scored.append((worth, answer.text))
        best, worst = max(scored, default=(0.0, "")), min(scored, default=(0.0, ""))
        return Preference(prompt, best[1], worst[1]) if best[0] > worst[0] else None

    compared = await asyncio.gather(*map(compare, setting.examples))
    return [preference for preference in compared if preference is not None]
