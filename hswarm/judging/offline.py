"""Rules in the place of judges and classifiers, to try such tasks with no network.

They stand in for nobody: what they say is only good for the bundled sets, and marked so.
"""

from __future__ import annotations

import json
import re
from typing import Final

from hswarm.engines.request import Completion, Request

_WORD = re.compile(r"\w+")
_COMPARED = re.compile(r"Ground truth: (.*)\n\nGenerated response: (.*)", re.DOTALL)
_RATED = re.compile(r"\nInstruction: (.*)\n\nResponse: (.*)", re.DOTALL)
_RUDE: Final = frozenset(("bark", "croak", "growl", "hiss", "howl", "oink", "quack", "squeak"))


def _say(text: str) -> Completion:
    return Completion(text, 0, 0)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


class OverlapRule:
    """Rates by the words that a response shares with the truth, or with what it was asked."""

    async def generate(self, request: Request, /) -> Completion:
        """Return "Rating: k/10"."""
        compared = _COMPARED.search(request.prompt) or _RATED.search(request.prompt)
        wanted, said = (_words(part) for part in compared.groups()) if compared else (set(), set())
        share = 2 * len(wanted & said) / (len(wanted) + len(said)) if wanted and said else 0.0
        return _say(f"Rating: {1 + round(9 * share)}/10")


class RewardRule:
    """Rewards different words and every sentence that is not said twice."""

    async def generate(self, request: Request, /) -> Completion:
        """Return the reward as a number."""
        _, response = json.loads(request.prompt)
        words = _WORD.findall(response.lower())
        return _say(repr(2.0 * len(set(words)) - len(words)))


class ToxicityRule:
    """The share of words that are on a short list."""

    async def generate(self, request: Request, /) -> Completion:
        """Return the share, 0 to 1, as a number."""
        words = [word.lower() for word in _WORD.findall(request.prompt)]
        rude = sum(word in _RUDE for word in words)
        return _say(repr(rude / len(words) if words else 0.0))
