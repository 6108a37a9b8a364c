"""A question in ten versions with minor differences.

Model Swarms (Feng et al., 2024), appendix B, has them written by a language model. Where none is
set, local rules write them: they change how a question is put and never what it asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

VERSIONS: Final = 10

REQUEST: Final = (
    "Please paraphrase the question into 10 versions with minor differences. "
    "Answer with one version a line and nothing else.\n\nThe question is: {question}"
)
"""The paper's prompt, and how the versions are to be written down."""

RULES: Final[Sequence[Callable[[str], str]]] = (
    lambda text: text,
    lambda text: f"{text} ",
    lambda text: f"Please answer: {text}",
    lambda text: f"Question: {text}",
    lambda text: f"{text}\nAnswer:",
    lambda text: f"{text} Think carefully.",
    lambda text: f"Here is a question. {text}",
    lambda text: re.sub(r"\?$", ".", text),
    lambda text: text[:1].lower() + text[1:],
    lambda text: f'"{text}"',
)


def by_rules(question: str) -> list[str]:
    """Return ten versions of a question, itself the first, by local rules."""
    return [rule(question) for rule in RULES]


def read_versions(reply: str) -> list[str]:
    """Return the versions in a language model's reply: a line each, numbers and bullets removed.

    At most ten; fewer if it wrote fewer.
    """
    lines = (re.sub(r"^\s*(?:\d+[.):]|[-*•])\s*", "", line).strip() for line in reply.splitlines())
    return [line for line in lines if line][:VERSIONS]
