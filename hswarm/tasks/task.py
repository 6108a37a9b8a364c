"""What a task is: examples with a dev and a test split, and a scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


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


class Scorer(Protocol):
    """Rates a system's answer. Higher is better; 0 to 1 unless the task says otherwise."""

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return the score of `answer`; an answer that cannot be parsed is wrong."""
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

    @property
    def leaked(self) -> int:
        """How many test items ask what a dev item asks too: scores on them are no test."""
        seen = {(example.question, example.context_chunks) for example in self.dev}
        return sum((example.question, example.context_chunks) in seen for example in self.test)
