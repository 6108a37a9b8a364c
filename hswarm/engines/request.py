"""What is asked of an engine and what comes back: one request type, one result type.

A request names its model by content, so it is its own memo key: two requests that are equal have
the same answer under greedy decoding, whichever graph, assignment or iteration asks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final, Protocol

MICRO: Final = 10**6

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Blend:
    """A local model: Σ_j row[j] · expert_j of the family with this fingerprint.

    An empty row is the family's base model without any adapter. Of a mixture's fingerprint the sum
    is that of the experts' next-token probabilities, not of their weights.
    """

    family: str
    row: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Remote:
    """A model behind somebody's API. The names of keys, prices and limits are no part of it."""

    provider: str
    model: str
    endpoint: str = ""
    """The base URL; "" is the provider's own."""
    settings: str = ""
    """What every call sends besides prompt and sampling, as canonical JSON; "" is nothing."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that is no model: `fingerprint` is the SHA-256 of how it is set up."""

    kind: str
    fingerprint: str


ModelReference = Blend | Remote | Tool
"""Who is to answer, by content."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to decode: greedy at temperature 0, else sampled with `seed`."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose account a request goes: the agent's name and the node that it sits in."""

    agent: str
    node: int


def _fields(record: ModelReference | Sampling) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for one model. `prompt` is the user's text; the engine applies a chat template.

    Who asks is for the accounts only: two requests that differ in nothing else are equal.
    """

    model: ModelReference
    prompt: str
    sampling: Sampling
    asker: Asker | None = field(default=None, compare=False)

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
    picodollars: int = 0
    """What the answer cost, in 10⁻¹² dollars: whole numbers, so that sums are exact."""
    left_out: int = field(default=0, compare=False)
    """Of a mixture: the probability, in 10⁻⁶, of tokens that not all of its experts have, summed
    over the answer's tokens. To be told, and no part of the answer: the last digits are rounded
    this way or that by what else is in the batch."""


class Engine(Protocol):
    """Anything that answers requests. Safe to call concurrently from one event loop."""

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`; raises `CallFailed` when that is not to be had."""
        ...


class CallFailed(Exception):  # noqa: N818  (it is an outcome, not a mistake)
    """A single call failed for good. The item it belongs to is reported and never scored."""


class TooLong(CallFailed):
    """The prompt has more tokens than the model takes: no use to ask again."""
