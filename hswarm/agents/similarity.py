"""How near a question is to what somebody was trained on: cosines, of TF-IDF vectors or others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_WORD: Final = re.compile(r"\w+")
_MOST_TERMS: Final = 300
"""Terms that a member's data is remembered by: enough to tell it from others, few enough to be
written down with a system."""


def term_counts(text: str) -> Counter[str]:
    """Return how often each word occurs in `text`, in small letters."""
    return Counter(_WORD.findall(text.casefold()))


def describe_corpora(
    corpora: Iterable[Iterable[str]],
) -> tuple[tuple[dict[str, float], ...], dict[str, float]]:
    """Return a TF-IDF vector per corpus, of length 1, and each term's inverse document frequency.

    A document is a corpus: ln((1 + N) / (1 + n)) for a term that n of the N have, so that what all
    have says nothing. Of a vector only the heaviest terms are kept.
    """
    counted = [sum((term_counts(text) for text in corpus), Counter()) for corpus in corpora]
    having = Counter(term for counts in counted for term in counts)
    rarity = {term: math.log((1 + len(counted)) / (1 + number)) for term, number in having.items()}
    vectors = tuple(_cut(_unit(counts, rarity)) for counts in counted)
    kept = {term for vector in vectors for term in vector}
    return vectors, {term: value for term, value in rarity.items() if term in kept}


def nearness(
    counts: Mapping[str, int],
    vectors: Sequence[Mapping[str, float]],
    rarity: Mapping[str, float],
    *,
    most: int,
    temperature: float,
) -> list[float]:
    """Return the `shares` of vectors by their cosine with a question's TF-IDF vector."""
    question = _unit(counts, rarity)
    cosines = [
        sum(weight * vector.get(term, 0.0) for term, weight in question.items())
        for vector in vectors
    ]
    return shares(cosines, most=most, temperature=temperature)


def shares(cosines: Sequence[float], *, most: int, temperature: float) -> list[float]:
    """Return the shares of the `most` greatest cosines, exp(cosine / temperature), summing to 1.

    The others get 0; the first ones win ties.
    """
    nearest = sorted(range(len(cosines)), key=lambda k: -cosines[k])[:most]
    top = max(cosines)
    pulls = {k: math.exp((cosines[k] - top) / temperature) for k in nearest}
    return [pulls.get(k, 0.0) / sum(pulls.values()) for k in range(len(cosines))]


def _unit(counts: Mapping[str, int], rarity: Mapping[str, float]) -> dict[str, float]:
    vector = {term: n * rarity[term] for term, n in counts.items() if term in rarity}
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {term: weight / length for term, weight in vector.items()}


def _cut(vector: Mapping[str, float]) -> dict[str, float]:
    heaviest = sorted(vector, key=lambda term: (-vector[term], term))[:_MOST_TERMS]
    return {term: round(vector[term], 6) for term in sorted(heaviest)}
