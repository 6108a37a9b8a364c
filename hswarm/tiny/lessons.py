"""What each of the tiny models learns from, without end, the same whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from hswarm.experts.corpus import Pair
from hswarm.tiny.corpus import exchanges
from hswarm.tiny.skills import SKILLS

SEED: Final = 0
FOCUS: Final = 0.6
"""The share of an expert's exchanges whose next step is its own; the rest teach it to hold back."""
_TOKENIZER: Final = 1_000
_BASE: Final = 1_001


def lessons(skill: str) -> Iterator[Pair]:
    """Yield what the expert called `skill` is trained on."""
    return _pairs(SKILLS[skill], list(SKILLS).index(skill), focus=FOCUS)


def base_lessons() -> Iterator[Pair]:
    """Yield what the base is trained on: all facts in it are invented."""
    return _pairs((), _BASE)


def tokenizer_lessons() -> Iterator[Pair]:
    """Yield what the tokenizer is trained on."""
    return _pairs((), _TOKENIZER)


def _pairs(skills: tuple[str, ...], place: int, *, focus: float = 0.0) -> Iterator[Pair]:
    rng = np.random.default_rng([SEED, place])
    for exchange in exchanges(skills, rng, focus=focus):
        yield exchange.prompt, exchange.response
