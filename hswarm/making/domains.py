"""What an expert of a pool is trained on, and what of it is held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from hswarm.catalog import unknown
from hswarm.errors import HswarmError
from hswarm.experts.corpus import TULU_DOMAINS, Conversation, read_corpus, split_name
from hswarm.experts.recipe import Recipe
from hswarm.swarm.random import generator
from hswarm.tiny.lessons import lessons
from hswarm.tiny.skills import SKILLS

MOST_HELD_OUT: Final = 0.1
"""The share of an expert's data that is held out at most."""


@dataclass(frozen=True, slots=True)
class Domain:
    """An expert's data, in two parts that share no conversation by its place."""

    train: Sequence[Conversation]
    held_out: Sequence[Conversation]


def read_domain(source: str, recipe: Recipe, *, seed: int) -> Domain:
    """Return what `source` holds, divided by the seed; HswarmError if it cannot be read."""
    named = split_name(source)
    if named is not None and named[0] == "tiny":
        return _draw(named[1], recipe)
    corpus = read_corpus(source)
    order = generator(seed, "held out").permutation(len(corpus))
    held = min(recipe.held_out, int(MOST_HELD_OUT * len(corpus)))
    return Domain([corpus[k] for k in order[held:]], [corpus[k] for k in order[:held]])


def check_domain(source: str, recipe: Recipe) -> None:
    """Refuse what cannot be trained on, as far as that is known without a network; HswarmError."""
    named = split_name(source)
    if named is None:
        read_corpus(source)
        return
    kind, domain = named
    known = TULU_DOMAINS if kind == "tulu-v2" else SKILLS
    if domain not in known:
        raise unknown(f"domain of {kind}", domain, known)
    if kind == "tiny" and recipe.steps is None:
        raise HswarmError(
            f"{source} has no end, so that no number of epochs says how long to train.",
            hint="Say `steps` in the pool's `training`.",
        )


def _draw(skill: str, recipe: Recipe) -> Domain:
    assert recipe.steps is not None, "checked"
    train = recipe.steps * recipe.batch
    drawn = [(pair,) for pair in islice(lessons(skill), train + recipe.held_out)]
    return Domain(drawn[:train], drawn[train:])
