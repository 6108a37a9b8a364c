"""The next token of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from hswarm.engines.request import Sampling

Tensor = torch.Tensor

_LEAST: Final = 1e-12
"""A nucleus of nothing still holds the likeliest token."""


def draw_noise(sampling: Sampling) -> list[float]:
    """Return one number in [0, 1) per token to come, from the request's seed alone.

    So a sampled answer depends neither on the rest of its batch nor on the device's generator.
    """
    generator = torch.Generator().manual_seed(sampling.seed)
    return torch.rand(sampling.max_tokens, generator=generator, dtype=torch.float64).tolist()


def pick_tokens(logits: Tensor, samplings: Sequence[Sampling], noise: Sequence[float]) -> list[int]:
    """Return a token per row of `logits`, shape (rows, vocabulary).

    Greedy at temperature 0. Otherwise by inverting the distribution of the nucleus, the fewest
    likeliest tokens that hold `top_p` of the probability (Holtzman et al., 2020), at `noise`.
    """
    tokens: list[int] = logits.argmax(dim=-1).tolist()
    sampled = [row for row, sampling in enumerate(samplings) if sampling.temperature > 0]
    if sampled:
        heat, top_p, at = (
            torch.tensor(numbers, dtype=torch.float64).unsqueeze(1)
            for numbers in (
                [samplings[row].temperature for row in sampled],
                [samplings[row].top_p for row in sampled],
                [noise[row] for row in sampled],
            )
        )
        likely, order = (logits[sampled].cpu().double() / heat).softmax(-1).sort(-1, True)
        reached = likely.cumsum(-1)
        nucleus = likely.masked_fill(reached - likely >= top_p.clamp_min(_LEAST), 0.0).cumsum(-1)
        places = torch.searchsorted(nucleus, at * nucleus[:, -1:], right=True)
        places.clamp_(max=logits.shape[-1] - 1)
        for row, token in zip(sampled, order.gather(1, places).squeeze(1).tolist(), strict=True):
            tokens[row] = token
    return tokens
