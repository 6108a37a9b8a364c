"""What a task is: examples with a dev and a test split, and a scorer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, runtime_checkable

from hswarm.engines.memo import MemoStore
from hswarm.engines.purse import Purse


@dataclass(frozen=True, slots=True)
class Round:
    """A further question of an item; "{answer}" in it is what was answered before."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One item of a task.

    `question` is the whole text a node sees after "Question:", choices included. `answers` are the
    gold answers, any of which counts. `context_chunks` are dealt over the nodes of a graph.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    choices: Mapping[str, str] = field(default_factory=dict)
    context_chunks: tuple[str, ...] = ()
    domain: str = ""
    part: str = ""
    """The task that the item is from, where several make up one."""
    rounds: tuple[Round, ...] = ()
    """What is asked after `question`, one after the other; the last one's answer is scored."""


class Scorer(Protocol):
    """Rates a system's answer. Higher is better; 0 to 1 unless the task says otherwise."""

    def __call__(self, example: Example, answer: str, /) -> float | Awaitable[float]:
        """Return the score of `answer`; an answer that cannot be parsed is wrong.

        Where somebody else has to be asked it is awaited, and raises `CallFailed` if no score is
        to be had.
        """
        ...


@runtime_checkable
class Asking(Protocol):
    """A scorer of several rounds: it may put another question before it scores."""

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return what is asked after `answer` to `example`, None if it is to be scored."""
        ...


@runtime_checkable
class Aggregating(Protocol):
    """A scorer whose utility is another function of its items' scores than the mean."""

    def utility(self, examples: Sequence[Example], scores: Sequence[float], /) -> float:
        """Return the utility of at least one score."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """A scorer whose utility is the mean of scores none of which can leave a range."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the greatest score; None where there is no such range."""
        ...


Ask = Callable[[Example], Awaitable[str]]
"""Has a system answer an example; raises `CallFailed` where no answer is to be had."""


@runtime_checkable
class Whole(Protocol):
    """A scorer of systems as a whole, which has no score for an item."""

    async def rate(self, examples: Sequence[Example], ask: Ask, /) -> float:
        """Return the utility of the system that `ask` asks; raises `CallFailed` if it has none."""
        ...


@runtime_checkable
class Calibrating(Protocol):
    """A scorer that has to see what a reference model answers on dev before it can score."""

    async def calibrate(self, answers: Sequence[tuple[Example, str]], /) -> Self:
        """Return the scorer, set to a scale by `answers`."""
        ...


@runtime_checkable
class Outside(Protocol):
    """A scorer that asks somebody outside the swarm: a judge, a reward model, a detector."""

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError where nobody can be asked: a key, a library or a model is missing.

        So it is where dollars are `limited` and nobody knows what an answer costs.
        """
        ...

    def prepare(self, store: MemoStore, purse: Purse | None = None, /) -> None:
        """Keep what is said in `store`, and look there first; pay from `purse`."""
        ...

    async def aclose(self) -> None:
        """Store what was said and let go of whoever was asked."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A task ready to run. `fingerprint` is the SHA-256 of its examples and scoring."""

    name: str
    title: str
    """The name shown with every result; "gaia-text (bundled)" where the data is ours."""
    dev: tuple[Example, ...]
    test: tuple[Example, ...]
    scorer: Scorer
    scorer_name: str
    max_tokens: int
    fingerprint: str
    bundled: bool = False
    metric: str = "score"
    """What the utility is called."""

    @property
    def leaked(self) -> int:
        """How many test items ask what a dev item asks too: scores on them are no test."""
        seen = {(example.question, example.context_chunks) for example in self.dev}
        return sum((example.question, example.context_chunks) in seen for example in self.test)
