"""Prediction merge: every model answers, and what most of them say is the answer.

A plurality vote, as in both papers (Feng et al., 2024 and 2025), which leave it out where answers
cannot agree: where a judge, a reward model or anything but a gold answer rates them, and where what
is right depends on who answers (AbstainQA). So it is here.

Searched: nothing. Evaluations: 1. Departure: what counts as the same answer is read from its words
(`hswarm.agents.ensemble.gist`), not by the task's scorer, so that a vote can be served.
"""

from __future__ import annotations

from hswarm.agents.ensemble import Ensemble, Plurality
from hswarm.baselines.trials import Trials
from hswarm.engines.request import ModelReference, Tool
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate
from hswarm.search.roster import Frozen


async def prediction_merge(trials: Trials) -> None:
    """Enter the vote of all models."""
    names, members = voters(trials)
    voting = Frozen("plurality", Ensemble.of(members, Plurality()), members=names)
    await trials.enter([Candidate(LONE, (trials.hire(voting),), ((),))])


def voters(trials: Trials) -> tuple[tuple[str, ...], list[ModelReference]]:
    """Return everybody who has an opinion, by name and by content: whoever is no tool."""
    models = {name: m for name, m in trials.models().items() if not isinstance(m, Tool)}
    return tuple(models), list(models.values())
