"""Tasks of several rounds: what goes on between the first question and the answer that is scored.

The system is asked again, as a whole, whenever the task has something to add: the result of a
calculation, or the next question.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from hswarm.catalog import unknown
from hswarm.config import validated
from hswarm.engines.memo import MemoStore
from hswarm.engines.purse import Purse
from hswarm.errors import HswarmError
from hswarm.tasks.calculator import corrections
from hswarm.tasks.scorers.final_answer import final_answer
from hswarm.tasks.task import Aggregating, Calibrating, Example, Outside, Scorer


class Rounds(Protocol):
    """Says what is asked next."""

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return what is asked after `answer` to `example`, None if it is to be scored."""
        ...


class Told(BaseModel):
    """An item says itself what is asked next; its later questions may quote the last answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return the item's next question with its gold answer."""
        if not example.rounds:
            return None
        following, *later = example.rounds
        said = final_answer(answer)
        return replace(
            example,
            question=following.question.replace("{answer}", said),
            answers=following.answers,
            rounds=tuple(later),
        )


class Calculator(BaseModel):
    """A calculator at hand: what an answer calculates is worked out, and told where it is wrong.

    A call is an expression before an equals sign, as in "12 * 7 =". Where what follows is missing
    or wrong, the system is asked again with the results before the question, `most` times at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: Annotated[int, Field(ge=1, le=20)] = 3

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return the question with the new results before it, None if there are none."""
        told = example.context_chunks
        results = [line for line in corrections(answer) if line not in told]
        if not results or len(told) >= self.most:
            return None
        return replace(example, context_chunks=(*told, *results[: self.most - len(told)]))


ROUNDS: Final[Mapping[str, type[Told] | type[Calculator]]] = {
    "calculator": Calculator,
    "told": Told,
}
"""Name -> what can go on between question and answer."""


class Dialogue:
    """A scorer with rounds before it."""

    def __init__(self, rounds: Rounds, scorer: Scorer) -> None:
        """Ask as `rounds` say, then score the last answer as `scorer` does."""
        self.rounds = rounds
        self.scorer = scorer

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return what is asked after `answer`."""
        return self.rounds.follow_up(example, answer)

    def __call__(self, example: Example, answer: str, /) -> float | Awaitable[float]:
        """Return the score of the last round's answer."""
        return self.scorer(example, answer)

    def utility(self, examples: Sequence[Example], scores: Sequence[float], /) -> float:
        """Return the utility as the scorer takes it."""
        if isinstance(self.scorer, Aggregating):
            return self.scorer.utility(examples, scores)
        return sum(scores) / len(scores)


class JudgedDialogue(Dialogue):
    """A scorer that asks somebody outside, with rounds before it."""

    def __init__(self, rounds: Rounds, scorer: Scorer, judge: Outside) -> None:
        """`judge` is the scorer, as one that asks."""
        super().__init__(rounds, scorer)
        self._judge = judge

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError where the rater cannot be asked."""
        self._judge.check(limited=limited)

    def prepare(self, store: MemoStore, purse: Purse | None = None, /) -> None:
        """Keep what is said in `store`, and look there first; pay from `purse`."""
        self._judge.prepare(store, purse)

    async def aclose(self) -> None:
        """Store what was said and let go of the rater."""
        await self._judge.aclose()


def make_rounds(name: str, arguments: Mapping[str, Any], scorer: Scorer) -> Dialogue:
    """Return `scorer` with the rounds called `name`; HswarmError for what there is not."""
    if name not in ROUNDS:
        raise unknown("kind of rounds", name, ROUNDS)
    if isinstance(scorer, Calibrating):
        raise HswarmError(
            "A task of several rounds cannot be scored by a reward model: it has no scale there.",
            hint="Take a judge, or a scorer that compares with gold answers.",
        )
    rounds = validated(ROUNDS[name], arguments, f"rounds {name}: arguments")
    if isinstance(scorer, Outside):
        return JudgedDialogue(rounds, scorer, scorer)
    return Dialogue(rounds, scorer)
