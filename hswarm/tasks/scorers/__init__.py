"""The scorers that a task's YAML can name. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hswarm.catalog import unknown
from hswarm.config import validated
from hswarm.tasks.scorers.abstain import Abstain
from hswarm.tasks.scorers.contains import Contains, ContainsInLastWords
from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.scorers.gaia import Gaia
from hswarm.tasks.scorers.judge import JudgeScorer
from hswarm.tasks.scorers.last_number import LastNumber
from hswarm.tasks.scorers.multiple_choice import MultipleChoice
from hswarm.tasks.scorers.nlgraph import NlGraph
from hswarm.tasks.scorers.reward import Reward
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.scorers.token_f1 import TokenF1
from hswarm.tasks.scorers.toxicity import Toxicity
from hswarm.tasks.scorers.utility import Utility
from hswarm.tasks.spec import Metric

SCORERS: Final[Mapping[str, type[BaseScorer]]] = {
    "abstain": Abstain,
    "exact-match": ExactMatch,
    "gaia": Gaia,
    "gaia-paper": Contains,
    "gsm8k-paper": ContainsInLastWords,
    "judge": JudgeScorer,
    "last-number": LastNumber,
    "multiple-choice": MultipleChoice,
    "nlgraph": NlGraph,
    "nlgraph-paper": Contains,
    "reward": Reward,
    "token-f1": TokenF1,
    "toxicity": Toxicity,
    "utility": Utility,
}
"""Name -> scorer. Those called "-paper" are the papers' own rules, for comparison with them."""

CODE: Final = "utility"
"""The one that runs a function by name: for the user to ask for, never for somebody's file."""

METRICS: Final[Mapping[str, Metric]] = {
    "abstain": "effective reliability",
    "judge": "rating",
    "multiple-choice": "accuracy",
    "reward": "reward",
    "token-f1": "token F1",
    "toxicity": "1 - toxicity",
    "utility": "score",
}
"""What a scorer's mean is called; "exact match" for the others."""


def make_scorer(name: str, arguments: Mapping[str, Any], where: str) -> BaseScorer:
    """Return the scorer called `name`; `where` names the file in errors.

    Raises HswarmError for an unknown name or an argument that the scorer does not take.
    """
    if name not in SCORERS:
        raise unknown("scorer", name, SCORERS)
    return validated(SCORERS[name], arguments, f"{where}: scorer arguments")
