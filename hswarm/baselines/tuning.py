"""What the methods that go on training the best single expert on dev have in common."""

from __future__ import annotations

from inspect import isawaitable
from typing import Final

from hswarm.agents.prompts import write_prompt
from hswarm.baselines.trials import Trials, ranked
from hswarm.engines.request import CallFailed
from hswarm.engines.transformers.placement import pick_device
from hswarm.experts.family import Family
from hswarm.experts.preference import Training
from hswarm.tasks.task import Example

BATCH: Final = 16
"""Answers, or pairs of them, of a step."""
GENTLY: Final = 0.1
"""What part of the pool's learning rate is taken where answers' scores are learned from."""


async def best_expert(trials: Trials) -> tuple[int, Family]:
    """Return the best single one among those that can be trained, and its family."""
    experts = [expert for family in trials.families() for expert in family]
    shop = trials.open_shop()
    best = ranked(experts, await trials.measure_singles(and_then=1))[0]
    return best, shop.family_of(trials.roster, best)


def column(trials: Trials, expert: int) -> int:
    """Return the place of an expert (its number) in its family."""
    return trials.roster.seats[expert].place


def ask(example: Example) -> str:
    """Return the prompt that a lone model is given."""
    return write_prompt("entry", (), " ".join(example.context_chunks), example.question)


async def score(trials: Trials, example: Example, answer: str) -> float | None:
    """Return an answer's score, None where a judge gives none."""
    try:
        scored = trials.setting.scorer(example, answer)
        return float(await scored if isawaitable(scored) else scored)
    except CallFailed:
        return None


def gently(trials: Trials, steps: int) -> Training:
    """Return how an expert is trained on scores, `steps` long."""
    return Training(
        device=pick_device(trials.shop().device),
        steps=steps,
        batch=BATCH,
        learning_rate=GENTLY * trials.recipe.learning_rate,
        seed=trials.seed,
    )
