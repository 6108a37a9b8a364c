"""Prompt variation: how much answers change when a question is put a little differently.

Model Swarms (Feng et al., 2024), appendix B and Figure 14: a question is put in ten versions, and
the entropy of the distribution of answers says how sensitive a model is to the wording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log2
from statistics import fmean


def response_entropy(answers: Sequence[str]) -> float:
    """Return H = −Σ_a p_a log₂ p_a of the answers' distribution, in bits; 0 if all are one.

    Answers are told apart as texts, without regard to case and space. At most log₂(len(answers)).
    ValueError without answers.
    """
    if not answers:
        raise ValueError("an entropy is one of some answers")
    counts = Counter(" ".join(answer.lower().split()) for answer in answers)
    shares = (count / len(answers) for count in counts.values())
    return sum(-share * log2(share) for share in shares) + 0.0  # no −0.0


def mean_entropy(answers: Sequence[Sequence[str]]) -> float:
    """Return the mean over questions, each with the answers to its versions; lower is steadier."""
    return fmean(map(response_entropy, answers))
