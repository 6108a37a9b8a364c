"""Training on dev: the best single expert goes on learning from the items themselves.

`sft` on the gold answers; `dpo` (Rafailov et al., 2023) on answers of its own of which one scored
better than another; `ppo` (Schulman et al., 2017) on the score of answers as it learns. Model
Swarms (Feng et al., 2024), §4, compares with the last two where a reward model scores; here any
score will do, and where no answer ever scores better than another the expert stays what it is.

Searched: the weights themselves, by gradients. Evaluations: as many as there are agents, to find
the best single one, and 1. DPO asks four answers to each dev item beside these, and PPO has thirty
steps of sixteen answers. Departure: TRL has no PPO with a critic any more; see
`hswarm.experts.preference.train_ppo`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from functools import partial
from inspect import isawaitable
from itertools import cycle
from pathlib import Path
from typing import Final

from hswarm.agents.prompts import write_prompt
from hswarm.baselines.trials import Trials, ranked
from hswarm.engines.request import Asker, CallFailed, Request, Sampling
from hswarm.engines.transformers.placement import pick_device
from hswarm.errors import HswarmError
from hswarm.experts.corpus import Pair
from hswarm.experts.family import Family
from hswarm.experts.finetune import finetune
from hswarm.experts.preference import Preference, Training, train_dpo, train_ppo
from hswarm.experts.training import Schedule
from hswarm.search.events import Note
from hswarm.swarm.random import generator
from hswarm.tasks.task import Example

EPOCHS: Final = 5
SAMPLES: Final = 4
"""Answers to each dev item that DPO draws its pairs from."""
PPO_STEPS: Final = 30
PPO_BATCH: Final = 16
GENTLY: Final = 0.1
"""What part of the pool's learning rate DPO and PPO take."""


async def sft(trials: Trials) -> None:
    """Enter the best single expert, trained on the gold answers of dev."""
    examples = [example for example in trials.setting.examples if example.answers]
    if not examples:
        raise HswarmError(
            "sft learns from gold answers, and the dev items of this task have none.",
            hint="Use dpo or ppo, which learn from scores.",
        )
    expert, family = await _best_expert(trials)
    pairs = [(_ask(example), _gold(example, trials)) for example in examples]
    recipe, shop = trials.recipe, trials.shop()
    steps = math.ceil(EPOCHS * len(pairs) / recipe.batch)
    column = _column(trials, expert)

    def train(folder: Path) -> None:
        finetune(
            family,
            column,
            _shuffled(pairs, trials.seed),
            Schedule(steps, min(recipe.batch, len(pairs)), recipe.learning_rate),
            folder,
            seed=trials.seed,
            device=pick_device(shop.device),
        )

    await trials.enter_made("sft 1", expert, train)


async def dpo(trials: Trials) -> None:
    """Enter the best single expert, trained to prefer its own better answers."""
    expert, family = await _best_expert(trials)
    preferences = await _preferences(trials, expert)
    if not preferences:
        await _stay(trials, expert, "dpo")
        return
    training = _gently(trials, math.ceil(EPOCHS * len(preferences) / PPO_BATCH))
    train = partial(train_dpo, family, _column(trials, expert), training, preferences=preferences)
    await trials.enter_made("dpo 1", expert, train)


async def ppo(trials: Trials) -> None:
    """Enter the best single expert, trained on the scores of what it answers."""
    expert, family = await _best_expert(trials)
    asked = {_ask(example): example for example in trials.setting.examples}

    async def reward(prompts: Sequence[str], answers: Sequence[str]) -> list[float | None]:
        pairs = zip(prompts, answers, strict=True)
        return [await _score(trials, asked[prompt], answer) for prompt, answer in pairs]

    train = partial(
        train_ppo,
        family,
        _column(trials, expert),
        _gently(trials, PPO_STEPS),
        prompts=list(asked),
        reward=reward,
        max_tokens=trials.setting.sampling.max_tokens,
    )
    await trials.enter_made("ppo 1", expert, train)


async def _best_expert(trials: Trials) -> tuple[int, Family]:
    """Return the best single one among those that can be trained, and its family."""
    experts = [expert for family in trials.families() for expert in family]
    shop = trials.shop()
    best = ranked(experts, await trials.measure_singles())[0]
    return best, shop.family_of(trials.roster, best)


def _column(trials: Trials, expert: int) -> int:
    return trials.roster.seats[expert].place


def _ask(example: Example) -> str:
    return write_prompt("entry", (), " ".join(example.context_chunks), example.question)


def _gold(example: Example, trials: Trials) -> str:
    """Return the gold answer in words that the task's scorer takes for it."""
    gold = example.answers[0]
    said = f"The answer is {gold}."
    scored = trials.setting.scorer(example, said)
    return said if not isawaitable(scored) and scored == 1.0 else gold


def _shuffled(pairs: Sequence[Pair], seed: int) -> Iterator[Pair]:
    order = generator(seed, "sft").permutation(len(pairs))
    return cycle([pairs[k] for k in order])


def _gently(trials: Trials, steps: int) -> Training:
    return Training(
        device=pick_device(trials.shop().device),
        steps=steps,
        batch=PPO_BATCH,
        learning_rate=GENTLY * trials.recipe.learning_rate,
        seed=trials.seed,
    )


async def _preferences(trials: Trials, expert: int) -> list[Preference]:
    """Return the best and the worst of some answers to each dev item, where they differ."""
    setting, name = trials.setting, trials.roster.name(expert)
    model = trials.models()[name]

    async def compare(example: Example) -> Preference | None:
        prompt = _ask(example)
        scored: list[tuple[float, str]] = []
        for k in range(SAMPLES):
            sampling = Sampling(setting.sampling.max_tokens, temperature=1.0, seed=k)
            try:
                answer = await setting.engine.generate(
                    Request(model, prompt, sampling, Asker(name, 0))
                )
            except CallFailed:
                continue
            score = await _score(trials, example, answer.text)
            if score is not None:
                scored.append((score, answer.text))
        best, worst = max(scored, default=(0.0, "")), min(scored, default=(0.0, ""))
        return Preference(prompt, best[1], worst[1]) if best[0] > worst[0] else None

    compared = await asyncio.gather(*map(compare, setting.examples))
    return [preference for preference in compared if preference is not None]


async def _score(trials: Trials, example: Example, answer: str) -> float | None:
    """Return an answer's score, None where a judge gives none."""
    try:
        scored = trials.setting.scorer(example, answer)
        return float(await scored if isawaitable(scored) else scored)
    except CallFailed:
        return None


async def _stay(trials: Trials, expert: int, method: str) -> None:
    trials.setting.observe(
        Note(f"{method}: no answer scored better than another, so there was nothing to learn.")
    )
    await trials.enter([trials.singles()[expert]])
