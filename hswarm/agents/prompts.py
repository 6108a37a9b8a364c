"""The prompt of a node, in the words of the paper (Feng et al., 2025, appendix D).

A node is told what its place in the graph calls for, then what its parents said, then its share of
the context, then the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

PromptRole = Literal["entry", "middle", "end"]

_MIDDLE: Final = (
    "Please answer the following question with the help of previous responses, "
    "feel free to ignore wrong or unhelpful responses."
)

INSTRUCTIONS: Final[dict[PromptRole, str]] = {
    "entry": "Please answer the following question.",
    "middle": _MIDDLE,
    "end": _MIDDLE + " Make sure to provide a final and definitive answer.",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a node is given: its place in the graph, and what `write_prompt` takes."""

    node: int
    role: PromptRole
    responses: tuple[str, ...]
    context: str
    question: str
    text: str = field(init=False, repr=False, compare=False)
    """The prompt as a language model is given it."""

    def __post_init__(self) -> None:
        text = write_prompt(self.role, self.responses, self.context, self.question)
        object.__setattr__(self, "text", text)


def write_prompt(role: PromptRole, responses: Sequence[str], context: str, question: str) -> str:
    """Return the text that a node of `role` is given.

    `responses` are its parents' answers in order of the parents' node index; newlines in them
    become spaces. `context` is the node's share of the task's context, or "".
    """
    lines = [INSTRUCTIONS[role]]
    lines += [
        f"Previous response {k}: {' '.join(response.split())}"
        for k, response in enumerate(responses, start=1)
    ]
    if context:
        lines.append(f"Context: {context}")
    lines.append(f"Question: {question}")
    return "\n".join(lines)
