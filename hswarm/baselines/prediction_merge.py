"""Prediction merge: every model answers, and what most of them say is the answer.

A plurality vote, as in both papers (Feng et al., 2024 and 2025), which leave it out where answers
cannot agree: where a judge, a reward model or anything but a gold answer rates them, as here.

Searched: nothing. Evaluations: 1.
"""

from __future__ import annotations

from hswarm.agents.ensemble import Ensemble, Plurality
from hswarm.baselines.trials import Trials
from hswarm.engines.request import ModelReference, Tool
from hswarm.errors import HswarmError
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate
from hswarm.search.roster import Frozen
from hswarm.tasks.scorers.scorer import GoldScorer


async def prediction_merge(trials: Trials) -> None:
    """Enter the vote of all models."""
    refuse_open_answers("prediction-merge", trials)
    names, members = voters(trials)
    voting = Frozen("plurality", Ensemble.of(members, Plurality()), members=names)
    await trials.enter([Candidate(LONE, (trials.hire(voting),), ((),))])


def refuse_open_answers(method: str, trials: Trials) -> None:
    """Raise HswarmError where two answers cannot be told to agree."""
    if not isinstance(trials.setting.scorer, GoldScorer):
        raise HswarmError(
            f"{method} does not apply to this task: its answers are rated, not right or wrong, so"
            " there is nothing that most of them say.",
            hint="Use it on a task whose items have gold answers.",
        )


def voters(trials: Trials) -> tuple[tuple[str, ...], list[ModelReference]]:
    """Return everybody who has an opinion, by name and by content: whoever is no tool."""
    models = {name: m for name, m in trials.models().items() if not isinstance(m, Tool)}
    return tuple(models), list(models.values())
