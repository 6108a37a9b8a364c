"""What scorers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable

from pydantic import BaseModel, ConfigDict

from hswarm.tasks.task import Example


class BaseScorer(BaseModel, ABC):
    """A scorer by name. Its fields are the arguments that a task's YAML may give.

    Scorers are total: any text is an answer, and one that cannot be parsed is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the greatest score there can be; None where that cannot be said."""
        return None

    def lacks(self, example: Example) -> str | None:
        """Return what is wrong with an item that cannot be scored, as "has no answer"."""
        return None if any(gold.strip() for gold in example.answers) else "has no answer"

    @abstractmethod
    def __call__(self, example: Example, answer: str, /) -> float | Awaitable[float]:
        """Return the score of `answer`; see `hswarm.tasks.task.Scorer`."""


class GoldScorer(BaseScorer):
    """Scores 1 for an answer that matches one of the gold answers, else 0. Pure."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Wrong is 0, right is 1."""
        return 0.0, 1.0

    @abstractmethod
    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Say whether `answer` counts as `gold`."""

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return 1.0 or 0.0."""
        return float(any(self.matches(example, gold, answer) for gold in example.answers))
