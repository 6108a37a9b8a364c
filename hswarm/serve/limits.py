"""What a server takes on, and what it refuses."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]


class Limits(BaseModel):
    """Bounds of a server."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    concurrent: Count = 64
    """Questions answered at a time; they share batches."""
    queue: Annotated[int, Field(ge=0)] = 256
    """Questions that may wait for that; the next is turned away (429)."""
    deadline: Annotated[float, Field(gt=0)] = 120.0
    """Seconds from a question to its answer, waiting included (504)."""
    body: Count = 1 << 20
    """Bytes of a request (413)."""
    max_tokens: Count | None = None
    """Tokens of an answer that a request may ask for; null is what the end node has anyway."""
