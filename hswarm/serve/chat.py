"""What a client may ask: OpenAI's chat completions, as far as a graph has an answer to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_Text = Annotated[str, Field(max_length=10_000_000)]


class _Asked(BaseModel):
    # A number in quotes is a mistake of the client's, and so is a key that means nothing here.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TextPart(_Asked):
    """A part of a message."""

    type: Literal["text"]
    text: _Text


class Message(_Asked):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: _Text | list[TextPart]
    name: str | None = None
    type: Literal["text"] | None = None
    """Some clients send it."""

    @property
    def text(self) -> str:
        """The whole content."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class StreamOptions(_Asked):
    """Options of a stream."""

    include_usage: bool | None = None


class ResponseFormat(_Asked):
    """The form of the answer: text."""

    type: Literal["text"]


def _only(rule: str) -> Any:
    """A parameter that is taken at the value at which it changes nothing; `rule` says why."""
    return Field(default=None, description=rule)


class ChatRequest(_Asked):
    """A chat completion to be made by the graph."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] | None = None
    top_p: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=4)]
        | None
    ) = None
    context_chunks: Annotated[list[_Text], Field(max_length=10_000)] | None = Field(
        default=None, description="Context to be dealt over the nodes."
    )
    node_events: bool | None = Field(
        default=None, description="Whether to tell what every node is given and says."
    )

    n: Literal[1] | None = _only("The graph has one answer.")
    frequency_penalty: Literal[0] | None = _only("The nodes decode without penalties.")
    presence_penalty: Literal[0] | None = _only("The nodes decode without penalties.")
    logprobs: Literal[False] | None = _only("An answer of several models has no log-probability.")
    top_logprobs: Literal[0] | None = _only("An answer of several models has no log-probability.")
    response_format: ResponseFormat | None = _only("The graph answers in text.")
    tools: Annotated[list[Any], Field(max_length=0)] | None = _only("The graph calls no tools.")
    tool_choice: Literal["none", "auto"] | None = _only("The graph calls no tools.")
    user: str | None = _only("It is not looked at.")
    metadata: dict[str, str] | None = _only("It is not looked at.")
