"""A tool as a pool file describes it.

tools:
  calculator: {kind: calculator}
  units: {kind: function, entry_point: units}
  search: {kind: http, url: https://tools.example.com/search, key: SEARCH_API_KEY}
  weather:
    kind: mcp
    command: [python, -m, weather_server]     # or url: https://tools.example.com/mcp
    tool: forecast
    arguments: {place: "{question}"}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from hswarm.engines.endpoint import check_url, variable_name
from hswarm.engines.request import Tool
from hswarm.engines.tools.function import find_function
from hswarm.engines.tools.given import Given
from hswarm.experts.fingerprint import hash_json

_UNSEEN: Final = frozenset({"timeout", "longest", "attempts", "concurrency", "key", "environment"})
"""Fields that shape no answer."""
_GAP: Final = re.compile(r"\{(\w+)\}")


class ToolEntry(BaseModel):
    """What all tools have in common."""

    # What is refused is never shown: somebody may have put a key where its variable's name belongs.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    timeout: Annotated[float, Field(gt=0.0)] = 30.0
    """Seconds until a call is given up."""
    longest: Annotated[int, Field(ge=1)] = 2_000
    """Characters of an answer that are passed on."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Calls under way at once."""

    @property
    def reference(self) -> Tool:
        """What requests name the tool by."""
        seen = {key: value for key, value in self.model_dump().items() if key not in _UNSEEN}
        return Tool(str(seen["kind"]), hash_json({**seen, "version": self.version}))

    @property
    def version(self) -> str:
        """What else an answer depends on, "" if nothing."""
        return ""

    @property
    def about(self) -> str:
        """What it is, in a few words."""
        return "calculator"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The environment variables whose content it is given."""
        return ()


class CalculatorEntry(ToolEntry):
    """Works out the sums that it finds in what its parents said, or else in the question."""

    kind: Literal["calculator"]


class FunctionEntry(ToolEntry):
    """A Python function of an installed package: `(question, context, responses) -> str`.

    The package names it among its entry points, in the group `hswarm.tools`. It is called in a
    thread of its own.
    """

    kind: Literal["function"]
    entry_point: Annotated[str, Field(min_length=1)]

    @property
    def version(self) -> str:
        """The function's place and its package's version; HswarmError if there is none."""
        return find_function(self.entry_point).version

    @property
    def about(self) -> str:
        """The function's name."""
        return f"function {self.entry_point}"


class HttpEntry(ToolEntry):
    """An address that takes {"question", "context", "responses"} and answers {"text"}, as JSON."""

    kind: Literal["http"]
    url: Annotated[str, Field(min_length=1)]
    key: str = ""
    """The environment variable that holds the bearer token; empty sends none."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 4
    """Times that a call is made, the first included, until it has failed for good."""

    _check_url = field_validator("url")(check_url)
    _check_key = field_validator("key")(variable_name)

    @property
    def about(self) -> str:
        """The address."""
        return self.url

    @property
    def secrets(self) -> tuple[str, ...]:
        """The variable of the bearer token."""
        return (self.key,) if self.key else ()


class McpEntry(ToolEntry):
    """A tool of a server that speaks the Model Context Protocol, by stdio or over HTTP."""

    kind: Literal["mcp"]
    command: tuple[str, ...] = ()
    """The program that is the server, and its arguments; no shell is involved."""
    environment: tuple[str, ...] = ()
    """Environment variables that the program gets, by name, beside PATH, HOME and the like."""
    url: str = ""
    key: str = ""
    """The environment variable that holds the bearer token for `url`; empty sends none."""
    tool: Annotated[str, Field(min_length=1)]
    arguments: dict[str, JsonValue]
    """The tool's arguments. In texts, {question}, {context}, {responses} (a line each) and
    {response} (the last one; without parents, the question) are filled in."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 4

    _check_url = field_validator("url")(check_url)
    _check_key = field_validator("key")(variable_name)

    @model_validator(mode="after")
    def _can_be_called(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("an MCP server has either a command or a url")
        if self.key and not self.url:
            raise ValueError("a key is sent to a url; a command gets it by `environment`")
        for variable in self.environment:
            variable_name(variable)
        try:
            self.fill(Given("", "", ()))
        except KeyError as error:
            raise ValueError(
                f"there is no {{{error.args[0]}}}, only"
                " {question}, {context}, {responses} and {response}"
            ) from None
        return self

    @property
    def about(self) -> str:
        """The server and the tool."""
        return f"{self.tool} of {' '.join(self.command) or self.url}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The variables of the bearer token or of the program."""
        return (self.key,) if self.key else self.environment

    def fill(self, given: Given) -> dict[str, Any]:
        """Return the arguments of a call."""
        known = {
            "question": given.question,
            "context": given.context,
            "responses": "\n".join(given.responses),
            "response": given.responses[-1] if given.responses else given.question,
        }
        return {name: _fill(value, known) for name, value in self.arguments.items()}


AnyTool = Annotated[
    CalculatorEntry | FunctionEntry | HttpEntry | McpEntry, Field(discriminator="kind")
]
"""A tool of whichever kind."""


def _fill(value: JsonValue, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _GAP.sub(lambda gap: known[gap[1]], value)
    if isinstance(value, list):
        return [_fill(item, known) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, known) for key, item in value.items()}
    return value
