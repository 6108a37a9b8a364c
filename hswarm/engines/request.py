"""What is asked of an engine and what comes back: one request type, one result type.

A request names its model by content, so it is its own memo key: two requests that are equal have
the same answer under greedy decoding, whichever graph, assignment or iteration asks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final, Protocol

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Blend:
    """A local model: Σ_j row[j] · expert_j of the family with this fingerprint.

    An empty row is the family's base model without any adapter.
    """

    family: str
    row: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Remote:
    """A model behind somebody's API."""

    provider: str
    model: str
    revision: str = ""


ModelReference = Blend | Remote


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to decode: greedy at temperature 0, else sampled with `seed`."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


def _fields(record: ModelReference | Sampling) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for one model. `prompt` is the user's text; the engine applies a chat template."""

    model: ModelReference
    prompt: str
    sampling: Sampling

    def key(self) -> str:
        """Return the request's content address, 64 hexadecimal digits, stable between machines."""
        content = {
            "kind": type(self.model).__name__,
            "model": _fields(self.model),
            "prompt": self.prompt,
            "sampling": _fields(self.sampling),
        }
        return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer to a request: its text without special tokens and surrounding space, and its cost.

    `truncated` says that the model was still going at `max_tokens`.
    """

    text: str
    prompt_tokens: int
    generated_tokens: int
    truncated: bool = False


class Engine(Protocol):
    """Anything that answers requests. Safe to call concurrently from one event loop."""

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`; raises `CallFailed` when that is not to be had."""
        ...


class CallFailed(Exception):  # noqa: N818  (it is an outcome, not a mistake)
    """A single call failed for good. The item it belongs to is reported and never scored."""


class TooLong(CallFailed):
    """The prompt has more tokens than the model takes: no use to ask again."""
