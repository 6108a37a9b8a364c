"""What a baseline needs of the task and the pool, looked for before any model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hswarm.errors import HswarmError
from hswarm.search.roster import Roster
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Asking, Example, Scorer, Whole

Need = Literal["answers that agree", "gold answers", "scores of answers", "experts", "weights"]
"""`experts`: several on one base; `weights`: that they are not mixed by their tokens, either."""

_OTHERS: Final = "hswarm show methods"


@dataclass(frozen=True, slots=True)
class Given:
    """What a method is given: the task's scorer and dev items, and who there is in the pool."""

    scorer: Scorer
    examples: Sequence[Example]
    roster: Roster


def check_needs(method: str, needs: Sequence[Need], given: Given) -> None:
    """Raise HswarmError where something that `method` needs is not given."""
    for need in needs:
        _CHECKS[need](method, given)


def _check_agreement(method: str, given: Given) -> None:
    if not _can_agree(given.scorer):
        raise HswarmError(
            f"{method} does not apply to this task: its answers are not simply right or wrong, so"
            " there is nothing that most of them say.",
            hint="Use it on a task whose items have gold answers.",
        )


def _can_agree(scorer: Scorer) -> bool:
    """Tell whether two right answers to an item say the same."""
    if isinstance(scorer, HarmonicMean):
        return all(map(_can_agree, scorer.parts.values()))
    return isinstance(scorer, GoldScorer) and not isinstance(scorer, Asking)


def _check_gold(method: str, given: Given) -> None:
    if not any(example.answers for example in given.examples):
        raise HswarmError(
            f"{method} learns from gold answers, and the dev items of this task have none.",
            hint="Use dpo or ppo, which learn from scores.",
        )


def _check_scores(method: str, given: Given) -> None:
    scorer = given.scorer
    if isinstance(scorer, Whole):
        raise HswarmError(
            f"{method} learns from the scores of answers, and this task rates systems as a whole.",
            hint=f"Take a scorer that rates items, or another method: {_OTHERS}",
        )
    if isinstance(scorer, Asking) and any(scorer.follow_up(e, "") for e in given.examples):
        raise HswarmError(
            f"{method} learns from the score of one answer, and this task asks in rounds.",
            hint=f"Take another method: {_OTHERS}",
        )


def _check_experts(method: str, given: Given) -> None:
    if not given.roster.families:
        raise HswarmError(
            f"{method} works on weights, and no two models of the pool share a base.",
            hint="Take a pool with experts on one base, or a method that weighs or arranges"
            f" answers: {_OTHERS}",
        )


def _check_weights(method: str, given: Given) -> None:
    _check_experts(method, given)
    if any(experts.mixture is not None for experts in given.roster.families):
        raise HswarmError(
            f"{method} works on experts' weights, and here tokens are mixed.",
            hint=f"Use --mix weights, or another method: {_OTHERS}",
        )


_CHECKS: Final[Mapping[Need, Callable[[str, Given], None]]] = {
    "answers that agree": _check_agreement,
    "gold answers": _check_gold,
    "scores of answers": _check_scores,
    "experts": _check_experts,
    "weights": _check_weights,
}
