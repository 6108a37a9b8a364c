"""Where a remote model is, how it is asked, and what it costs: an entry of a pool file."""

from __future__ import annotations

import json
import os
import socket
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from hswarm.engines.request import Remote
from hswarm.engines.usage import DOLLAR
from hswarm.errors import HswarmError

_OPENAI: Final = "https://api.openai.com/v1"
_MILLION: Final = 10**6
_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "::1")
_KNOCK: Final = 10.0
"""Seconds within which a server on this machine has to be there."""


class _Frozen(BaseModel):
    # What is refused is never shown: somebody may have put a key where its variable's name belongs.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Price(_Frozen):
    """Dollars per million tokens, to a millionth of a dollar."""

    prompt: Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]
    generated: Annotated[float, Field(ge=0.0, le=1e6, allow_inf_nan=False)]

    def picodollars(self, prompt_tokens: int, generated_tokens: int) -> int:
        """Return what so many tokens cost, in 10⁻¹² dollars."""
        per_token = DOLLAR // _MILLION
        return prompt_tokens * round(self.prompt * per_token) + generated_tokens * round(
            self.generated * per_token
        )


class Endpoint(_Frozen):
    """A model behind an API. What is sent with a key goes to `base_url` and nowhere else."""

    provider: Literal["openai", "gemini"] = "openai"
    """`openai`: anybody's server that speaks OpenAI's chat completions."""
    model: Annotated[str, Field(min_length=1)]
    base_url: str = ""
    """Empty is the provider's own."""
    key: str = ""
    """The name of the environment variable that holds the key; empty sends none."""
    price: Price | None = None
    """None costs nothing."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Calls under way at once."""
    timeout: Annotated[float, Field(gt=0.0)] = 60.0
    """Seconds until a call is given up and made again."""
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Times that a call is made, the first included, until it has failed for good."""
    parameters: dict[str, JsonValue] = {}
    """Sent with every call on top of prompt and sampling, or, null, not sent with any."""

    @field_validator("base_url")
    @classmethod
    def _is_plain_url(cls, url: str) -> str:
        return check_url(url).rstrip("/")

    @field_validator("key")
    @classmethod
    def _is_a_name(cls, key: str) -> str:
        return variable_name(key)

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.provider == "gemini" and not self.key:
            raise ValueError("Gemini answers nobody without a key; name its variable")
        return self

    @property
    def reference(self) -> Remote:
        """What requests name the model by."""
        url = self.base_url or (_OPENAI if self.provider == "openai" else "")
        settings = json.dumps(self.parameters, sort_keys=True) if self.parameters else ""
        return Remote(self.provider, self.model, url, settings)

    @property
    def about(self) -> str:
        """The model and where it is."""
        return f"{self.model} at {self.reference.endpoint or self.provider}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The environment variables whose content is sent along."""
        return (self.key,) if self.key else ()

    def body(self, defaults: dict[str, Any]) -> dict[str, Any]:
        """Return `defaults` with `parameters` laid over, those that are null left out."""
        merged = {**defaults, **self.parameters}
        return {key: value for key, value in merged.items() if value is not None}


def knock(name: str, endpoint: Endpoint) -> None:
    """Raise HswarmError if the model `name` is to be asked on this machine and nobody listens.

    Elsewhere there may be a proxy in between, which says nothing of who is behind it.
    """
    parts = urlsplit(endpoint.base_url)
    if parts.hostname not in _THIS_MACHINE:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=_KNOCK).close()
    except OSError:
        raise HswarmError(
            f"Nobody listens at {endpoint.base_url}, where {name} is to be asked.",
            hint="Start the server first, or mend the pool's `base_url`.",
        ) from None


def require_price(name: str, endpoint: Endpoint, *, given_in: str) -> None:
    """Raise HswarmError if nobody knows what the model `name` costs: no limit could hold."""
    if endpoint.price is None:
        raise HswarmError(
            f"No limit in dollars can hold: {name} has no price.",
            hint=f"Give its tokens one in {given_in}, in dollars per million, 0 where they are"
            " free: price: {prompt: 0.5, generated: 1.5}",
        )


def check_url(url: str) -> str:
    """Return `url` if it is fit to be written down; ValueError, not showing it, if not."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("a URL begins with http:// or https:// and a host")
    if "@" in parts.netloc or parts.query:
        raise ValueError("a URL here holds no user, password or query; name the key's variable")
    return url


def variable_name(name: str) -> str:
    """Return `name` if environment variables may be called so; ValueError, not showing it, if not.

    Capitals, digits and underscores: a key that was pasted by mistake is hardly ever that.
    """
    if name and (len(name) > 64 or not name.replace("_", "A").isalnum() or name != name.upper()):
        raise ValueError("a key is given by the name of an environment variable, in capitals")
    if name[:1].isdigit():
        raise ValueError("the name of an environment variable does not begin with a digit")
    return name


def read_secret(variable: str, whose: str) -> str:
    """Return what an environment variable holds; HswarmError, naming `whose` it is, if nothing."""
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise HswarmError(
            f"The key of {whose} is not there: the environment variable {variable} is not set.",
            hint=f"Set it before the command: export {variable}=…",
        )
    return secret
