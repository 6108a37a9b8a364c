"""cBTM: an ensemble of those who were trained on what is nearest to the question (Gururangan et
al., 2023, "Scaling expert language models with unsupervised domain discovery").

Each expert's training data has a vector, and an expert counts for a question by exp(cosine / T)
among the two to five nearest, as in Model Swarms (Feng et al., 2024, appendix). The vectors are
TF-IDF ones, which takes no model; `search.baseline.embedder` names an encoder instead, such as the
paper's FacebookAI/roberta-base.

Searched: how many of the nearest count. Evaluations: 4. Departure: whole answers are weighed and
not the next token's probabilities, so that experts of any base, and models behind an API of which
the pool says what they were trained on, can be in it. Where no two answers agree, as where a judge
rates them, the nearest one's is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hswarm.agents.ensemble import Embedded, Ensemble, Nearest
from hswarm.agents.similarity import describe_corpora
from hswarm.baselines.corpora import read_corpora
from hswarm.baselines.trials import Trials
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.experts.embedder import embed, open_embedder
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate
from hswarm.search.roster import Frozen

MOST: Final = (2, 3, 4, 5)
TEMPERATURE: Final = 0.1
DOCUMENTS: Final = 100
"""Prompts and responses of each expert's training data that are looked at."""


async def cbtm(trials: Trials) -> None:
    """Enter the votes of the nearest two to five experts."""
    models = trials.models()
    names = tuple(n for n, model in models.items() if isinstance(model, Blend) or n in trials.data)
    if len(names) < min(MOST):
        raise HswarmError(
            "cbtm chooses among those of whom it is known what they were trained on, and of"
            f" {'none' if not names else 'one only'} of the pool it is.",
            hint="Take a pool with more experts.",
        )
    corpora = read_corpora("cbtm", names, trials.data)
    documents = [[" ".join(pair) for pair in islice(corpus, DOCUMENTS)] for corpus in corpora]
    rule_of = _compare(documents, trials.setting.config.baseline.embedder)
    members = [models[name] for name in names]
    for most in (most for most in MOST if most <= len(names)):
        voting = Frozen(f"nearest {most}", Ensemble.of(members, rule_of(most)), members=names)
        await trials.enter([Candidate(LONE, (trials.hire(voting),), ((),))])


def _compare(
    documents: Sequence[Sequence[str]], embedder: str | None
) -> Callable[[int], Nearest | Embedded]:
    """Return the rules by which so many of the nearest count, given everybody's documents."""
    if embedder is None:
        terms, rarity = describe_corpora(documents)
        return lambda most: Nearest(terms=terms, rarity=rarity, most=most, temperature=TEMPERATURE)
    encoder = open_embedder(embedder)
    vectors = tuple(_centre(embed(encoder, some)) for some in documents)
    return lambda most: Embedded(
        vectors=vectors,
        embedder=encoder.source,
        fingerprint=encoder.fingerprint,
        most=most,
        temperature=TEMPERATURE,
    )


def _centre(vectors: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the mean of vectors, shape (k, d), brought to length 1 and rounded."""
    mean = vectors.mean(axis=0)
    return tuple((mean / (np.linalg.norm(mean) or 1.0)).round(6).tolist())
