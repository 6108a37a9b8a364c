"""Judges behind somebody's API, through the `openai` client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.errors import HswarmError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_RETRIES: Final = 5
_TIMEOUT: Final = 120.0
"""Seconds."""


def open_chat(endpoint: str | None, key: str) -> ChatEngine:
    """Return the engine of a server; `key` names an environment variable.

    HswarmError if the library or the key is not there.
    """
    try:
        from openai import AsyncOpenAI  # noqa: PLC0415
    except ImportError:
        raise HswarmError(
            "A remote judge needs the package openai.", hint="pip install 'hswarm[remote]'"
        ) from None
    value = os.environ.get(key)
    if not value:
        raise HswarmError(
            f"The judge's key is not set: there is no environment variable {key}.",
            hint=f"export {key}=… , or set another judge: --set scorer.arguments.judge.provider=…",
        )
    return ChatEngine(
        AsyncOpenAI(base_url=endpoint, api_key=value, max_retries=_RETRIES, timeout=_TIMEOUT)
    )


class ChatEngine:
    """Asks a server that speaks OpenAI's API. Transient errors are retried by the client."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def generate(self, request: Request, /) -> Completion:
        """Return the answer; raises `CallFailed` when the server gives none."""
        from openai import OpenAIError  # noqa: PLC0415

        try:
            reply = await self._client.chat.completions.create(
                model=request.model.model,  # type: ignore[union-attr]
                messages=[{"role": "user", "content": request.prompt}],
                max_tokens=request.sampling.max_tokens,
                temperature=request.sampling.temperature,
            )
        except OpenAIError as error:
            raise CallFailed(f"the judge failed: {type(error).__name__}: {error}") from error
        choice = reply.choices[0] if reply.choices else None
        if choice is None or choice.message.content is None:
            raise CallFailed("the judge gave an empty reply")
        used = reply.usage
        return Completion(
            choice.message.content.strip(),
            used.prompt_tokens if used else 0,
            used.completion_tokens if used else 0,
            truncated=choice.finish_reason == "length",
        )
