"""Pack of LLMs: coefficients from perplexities (Mavromatis et al., 2024).

An expert that foresees the questions well counts for much: λ = softmax(−log PPL / τ). As Model
Swarms (Feng et al., 2024, appendix) compares with it, models are interpolated by λ and the
temperature τ is searched: 0.1, 0.2 … 1.

Searched: τ. Evaluations: 10 per family; the perplexities take one more reading of all dev questions
by every expert, which generates nothing. Departure: the weights are those of the dev questions
together and so one model for all, where the original weighs anew for each question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hswarm.agents.prompts import write_prompt
from hswarm.baselines.trials import Trials
from hswarm.engines.transformers.placement import pick_device
from hswarm.engines.transformers.prompts import Prompts
from hswarm.experts.perplexity import log_perplexities

TEMPERATURES: Final = tuple(k / 10 for k in range(1, 11))


async def pack_of_llms(trials: Trials) -> None:
    """Enter the experts weighed by perplexity, at every temperature."""
    shop = trials.shop()
    questions = [
        write_prompt("entry", (), " ".join(example.context_chunks), example.question)
        for example in trials.setting.examples
    ]
    for experts in trials.families():
        family = shop.family_of(trials.roster, experts[0])
        texts = Prompts.load(family).encode(questions)
        surprises = log_perplexities(family, texts, pick_device(shop.device))
        rows = [weigh(surprises, temperature) for temperature in TEMPERATURES]
        await trials.enter([trials.blended(experts, row) for row in rows])


def weigh(surprises: Sequence[float], temperature: float) -> list[float]:
    """Return softmax(−log PPL / τ) of log-perplexities; uniform where nothing is known."""
    known = np.nan_to_num(np.array(surprises), nan=0.0)
    logits = -(known - known.min()) / temperature
    shares = np.exp(logits)
    row: list[float] = (shares / shares.sum()).tolist()
    return row
