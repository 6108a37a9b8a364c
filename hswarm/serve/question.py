"""From a conversation to what the nodes are asked: a question, its context, how to decode."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hswarm.engines.request import Sampling
from hswarm.pipeline.manifest import TaskNote
from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve.chat import ChatRequest, Message
from hswarm.serve.errors import ApiError
from hswarm.serve.limits import Limits

_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_SPEAKERS: Final = {"user": "User", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class Question:
    """What a pipeline is asked."""

    text: str
    context_chunks: tuple[str, ...]
    samplings: tuple[Sampling, ...]
    stops: tuple[str, ...]
    """Texts before which the answer ends."""


def read_question(chat: ChatRequest, pipeline: Pipeline, limits: Limits) -> Question:
    """Return what `chat` asks; raises `ApiError` for what the graph has no answer to."""
    if chat.model != pipeline.name:
        raise ApiError(
            404,
            "model_not_found",
            f"There is no model {chat.model!r:.100} here; there is {pipeline.name!r}.",
            param="model",
        )
    text = _join(chat.messages)
    chunks: Sequence[str] = chat.context_chunks or ()
    if chat.context_chunks is None:
        text, chunks = part_context(text, pipeline.blueprint.pipeline.task)
    stops = (chat.stop,) if isinstance(chat.stop, str) else tuple(chat.stop or ())
    return Question(text, tuple(chunks), _samplings(chat, pipeline, limits), stops)


def part_context(text: str, task: TaskNote) -> tuple[str, list[str]]:
    """Return the question in a message, and the context in it, sentence by sentence.

    Where a task comes with context, a message that is longer than any of its questions brings some
    along: the question is the last paragraph, or the last line of a single one.
    """
    text = text.strip()
    if not task.context_chunks or len(text) <= task.longest_question:
        return text, []
    *before, question = _PARAGRAPH.split(text) if _PARAGRAPH.search(text) else text.split("\n")
    return question, [s for part in before for s in _SENTENCE.split(part.strip()) if s]


def _join(messages: Sequence[Message]) -> str:
    """Return a conversation as one text: instructions first, then who said what, if several did.

    Raises `ApiError` unless the user has the last word, and says something.
    """
    if messages[-1].role != "user" or not messages[-1].text.strip():
        raise ApiError(
            400,
            "invalid_value",
            "messages: the last one must be the user's, and say something.",
            param="messages",
        )
    orders = [m.text for m in messages if m.role in {"system", "developer"} and m.text.strip()]
    said = [m for m in messages if m.role in _SPEAKERS]
    if len(said) == 1:
        return "\n\n".join([*orders, said[0].text])
    turns = "\n".join(f"{_SPEAKERS[m.role]}: {m.text}" for m in said)
    return "\n\n".join([*orders, turns])


def _samplings(chat: ChatRequest, pipeline: Pipeline, limits: Limits) -> tuple[Sampling, ...]:
    """Return how each node decodes: as in the search where the client does not say otherwise.

    Temperature, top_p and seed are for every node; the limit of tokens is the end node's alone.
    """
    end = pipeline.system.dag.end
    own = pipeline.samplings[end].max_tokens
    asked = chat.max_completion_tokens or chat.max_tokens or own
    samplings = [_warm(sampling, chat) for sampling in pipeline.samplings]
    most = min(asked, limits.max_tokens or own)
    samplings[end] = replace(samplings[end], max_tokens=most)
    return tuple(samplings)


def _warm(sampling: Sampling, chat: ChatRequest) -> Sampling:
    temperature = sampling.temperature if chat.temperature is None else chat.temperature
    if not temperature:
        # Greedy answers do not depend on the rest; equal requests are to look equal to the memo.
        return replace(sampling, temperature=0.0)
    drawn = secrets.randbits(63) if chat.seed is None else chat.seed
    return replace(
        sampling,
        temperature=temperature,
        top_p=sampling.top_p if chat.top_p is None else chat.top_p,
        seed=sampling.seed if chat.temperature is None and chat.seed is None else drawn,
    )
