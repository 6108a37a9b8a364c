"""What a tool is given: the parts of a node's prompt, without the words that are for models."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Given:
    """The question, the node's share of the context, and its parents' answers in their order."""

    question: str
    context: str = ""
    responses: tuple[str, ...] = ()

    def write(self) -> str:
        """Return it as the prompt of a request: canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def read(cls, prompt: str) -> Self:
        """Return what `write` wrote."""
        parts = json.loads(prompt)
        return cls(parts["question"], parts["context"], tuple(parts["responses"]))
