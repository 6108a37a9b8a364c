"""cBTM: an ensemble of those who were trained on what is nearest to the question (Gururangan et
al., 2023, "Scaling expert language models with unsupervised domain discovery").

Each expert's training data has a TF-IDF vector, and an expert counts for a question by
exp(cosine / T) among the two to five nearest, as in Model Swarms (Feng et al., 2024, appendix).

Searched: how many of the nearest count. Evaluations: 4. Departures: whole answers are weighed and
not the next token's probabilities, so that experts of any base, and models behind an API, can be in
it; the embedding is a local TF-IDF one, where the paper's is RoBERTa.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from hswarm.agents.ensemble import Ensemble, Nearest
from hswarm.agents.similarity import describe_corpora
from hswarm.baselines.corpora import read_corpora
from hswarm.baselines.prediction_merge import refuse_open_answers
from hswarm.baselines.trials import Trials
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate
from hswarm.search.roster import Frozen

MOST: Final = (2, 3, 4, 5)
TEMPERATURE: Final = 0.1
DOCUMENTS: Final = 100
"""Prompts and responses of each expert's training data that are looked at."""


async def cbtm(trials: Trials) -> None:
    """Enter the votes of the nearest two to five experts."""
    refuse_open_answers("cbtm", trials)
    experts = [expert for family in trials.families() for expert in family]
    names = tuple(trials.roster.name(expert) for expert in experts)
    corpora = read_corpora("cbtm", names, trials.data)
    terms, rarity = describe_corpora(
        [" ".join(pair) for pair in islice(corpus, DOCUMENTS)] for corpus in corpora
    )
    models = trials.models()
    members = [models[name] for name in names]
    for most in (most for most in MOST if most <= len(experts)):
        rule = Nearest(terms=terms, rarity=rarity, most=most, temperature=TEMPERATURE)
        name = f"nearest {most}"
        voting = Frozen(name, Ensemble.of(members, rule), members=names)
        await trials.enter([Candidate(LONE, (trials.hire(voting),), ((),))])
