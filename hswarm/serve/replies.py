"""What the server answers, in the shapes of OpenAI's API, and what every node did where asked."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from hswarm.agents.prompts import PromptRole
from hswarm.serve.stops import cut
from hswarm.system import NodeEnded, NodeEvent, NodeStarted, Transcript

FinishReason = Literal["stop", "length"]


class Usage(BaseModel):
    """Tokens, summed over the nodes."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class NodeReport(BaseModel):
    """News of a node: what it was given, and once it has answered, what it said."""

    index: int
    agent: str
    role: PromptRole
    state: Literal["started", "ended"]
    prompt: str
    answer: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer that there is."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: FinishReason


class Reply(BaseModel):
    """Sent as JSON: what has no value is null, or not there where OpenAI's API has no such key."""

    def json_text(self) -> str:
        """Return the reply as JSON."""
        ours = {"usage", "node", "nodes"} & set(type(self).model_fields)
        return self.model_dump_json(exclude={name for name in ours if getattr(self, name) is None})


class ChatCompletion(Reply):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    system_fingerprint: str
    choices: Annotated[list[Choice], Field(min_length=1, max_length=1)]
    usage: Usage
    nodes: list[NodeReport] | None = None


class Delta(TypedDict, total=False):
    """What is new of the answer."""

    role: Literal["assistant"]
    content: str


class ChunkChoice(BaseModel):
    """What is new of the one answer."""

    index: Literal[0] = 0
    delta: Delta
    logprobs: None = None
    finish_reason: FinishReason | None = None


class ChatCompletionChunk(Reply):
    """A piece of an answer, the news of a node (`choices` is empty then), or the usage."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    node: NodeReport | None = None


class Model(BaseModel):
    """The pipeline, as a model."""

    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = 0
    owned_by: Literal["hswarm"] = "hswarm"


class ModelList(BaseModel):
    """The models that there are: one."""

    object: Literal["list"] = "list"
    data: list[Model]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every piece of one answer."""

    model: str
    fingerprint: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(
        self, transcript: Transcript, stops: Sequence[str], end: int, *, nodes: bool
    ) -> ChatCompletion:
        """Return the whole answer; `end` is the end node, `nodes` asks for all of them."""
        message = AnswerMessage(content=cut(transcript.answer, stops))
        reason = finish_reason(transcript, stops, end)
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            system_fingerprint=self.fingerprint,
            choices=[Choice(message=message, finish_reason=reason)],
            usage=count(transcript),
            nodes=[report(NodeEnded(k, turn)) for k, turn in enumerate(transcript.turns)]
            if nodes
            else None,
        )

    def chunk(
        self,
        delta: Delta | None = None,
        *,
        finish: FinishReason | None = None,
        usage: Usage | None = None,
        node: NodeReport | None = None,
    ) -> ChatCompletionChunk:
        """Return a piece of the answer."""
        choices = [] if delta is None else [ChunkChoice(delta=delta, finish_reason=finish)]
        return ChatCompletionChunk(
            id=self.id,
            created=self.created,
            model=self.model,
            system_fingerprint=self.fingerprint,
            choices=choices,
            usage=usage,
            node=node,
        )


def finish_reason(transcript: Transcript, stops: Sequence[str], end: int) -> FinishReason:
    """Return why the answer ends: it is over, or `max_tokens` were reached."""
    over = cut(transcript.answer, stops) != transcript.answer
    return "length" if transcript.turns[end].completion.truncated and not over else "stop"


def count(transcript: Transcript) -> Usage:
    """Return the tokens of all nodes."""
    given = sum(turn.completion.prompt_tokens for turn in transcript.turns)
    said = sum(turn.completion.generated_tokens for turn in transcript.turns)
    return Usage(prompt_tokens=given, completion_tokens=said, total_tokens=given + said)


def report(event: NodeEvent) -> NodeReport:
    """Return what happened to a node as clients read it."""
    if isinstance(event, NodeStarted):
        return NodeReport(
            index=event.node,
            agent=event.agent,
            role=event.role,
            state="started",
            prompt=event.prompt,
        )
    turn = event.turn
    return NodeReport(
        index=event.node,
        agent=turn.agent,
        role=turn.role,
        state="ended",
        prompt=turn.prompt,
        answer=turn.completion.text,
        prompt_tokens=turn.completion.prompt_tokens,
        completion_tokens=turn.completion.generated_tokens,
    )
