"""A generated problem: what is asked, the answer, and the steps that lead to it.

A step is one sentence of one kind. The kinds name the skills of the tiny pool: a relation of the
world (`city`), arithmetic (`add`, `multiply`), walking a graph (`walk`), or `read` for what stands
in the context. The steps are what the training recipe teaches; a scorer never sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence towards the answer and the skill it takes to write it."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its answer, in the fields of the authors' data files (`item`), and steps.

    `guesses` are the answers that are still possible after 0, 1, … steps: what someone who must
    answer and knows no more could fairly say. Empty where nobody could guess.
    """

    question: str
    answer: str
    steps: tuple[Step, ...]
    key: str
    """What must not be shared by dev and test, such as the people a question starts from."""
    choices: Mapping[str, str] | None = None
    context_chunks: tuple[str, ...] = ()
    guesses: tuple[tuple[str, ...], ...] = field(default=())
    rounds: tuple[tuple[str, str], ...] = ()
    """What is asked after `question`, and the answer to it."""
    twin: str | None = None
    """The key of the problem that asks the same the other way round, if there is one."""

    def item(self, identifier: str) -> dict[str, object]:
        """Return the problem as an item of the authors' JSON format."""
        item: dict[str, object] = {"id": identifier, "question": self.question}
        if self.choices is not None:
            item["choices"] = dict(self.choices)
        item["answer"] = self.answer
        if self.context_chunks:
            item["context_chunks"] = list(self.context_chunks)
        if self.rounds:
            item["rounds"] = [{"question": q, "answer": a} for q, a in self.rounds]
        item["domain"] = f"{len(self.steps)} step{'s' * (len(self.steps) > 1)}"
        return item


def fact(subject: str, relation: str, value: str) -> str:
    """Say a fact as one sentence: "Ada's friend is Ben."."""
    return f"{subject}'s {relation} is {value}."
