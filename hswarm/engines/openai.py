"""Models behind OpenAI's chat completions, or behind any server that speaks them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictInt, StrictStr, ValidationError

from hswarm.engines.endpoint import Endpoint
from hswarm.engines.persistence import Fault, seconds_to_wait
from hswarm.engines.purse import Purse
from hswarm.engines.remote import RemoteEngine, Reply, refuse
from hswarm.engines.request import Request
from hswarm.errors import HswarmError

try:
    import httpx2
    import openai
except ImportError:
    raise HswarmError(
        "A model behind an API needs the client `openai`, which is not installed.",
        hint="Install it: pip install 'hswarm[remote]'",
    ) from None


class _Message(BaseModel):
    content: StrictStr | None
    refusal: StrictStr | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: StrictStr | None = None


class _Usage(BaseModel):
    prompt_tokens: Annotated[StrictInt, Field(ge=0)]
    completion_tokens: Annotated[StrictInt, Field(ge=0)]


class _Completion(BaseModel):
    """What is used of a reply. The client itself lets replies of any form through."""

    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage


class OpenAIConnection:
    """A client of one endpoint. Retries are made by the engine above it; redirects never."""

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self._endpoint = endpoint
        self._client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=endpoint.reference.endpoint,
            max_retries=0,
            timeout=endpoint.timeout,
            http_client=httpx2.AsyncClient(
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=endpoint.concurrency),
            ),
        )

    async def ask(self, request: Request, /) -> Reply:
        """Make one call; see `Connection`."""
        try:
            response = await self._client.chat.completions.with_raw_response.create(
                model=self._endpoint.model,
                messages=[{"role": "user", "content": request.prompt}],
                extra_body=self._endpoint.body(_sampling(request)),
                extra_headers=None if self._endpoint.key else {"Authorization": openai.omit},
            )
        except openai.APIStatusError as error:
            raise refuse(
                error.status_code,
                _complaint(error),
                self._endpoint.model,
                retry_after=seconds_to_wait(error.response.headers.get("retry-after")),
            ) from None
        except openai.APIConnectionError as error:
            where = self._endpoint.reference.endpoint
            raise Fault(f"no connection to {where} ({_root(error)})") from None
        return _read(response.http_response.content)

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.close()


def open_openai(name: str, endpoint: Endpoint, purse: Purse | None = None) -> RemoteEngine:
    """Return the engine of a model behind an OpenAI-compatible endpoint."""
    return RemoteEngine(name, endpoint, OpenAIConnection, purse)


def _sampling(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    greedy: dict[str, Any] = {"max_tokens": sampling.max_tokens, "temperature": 0.0}
    if sampling.temperature == 0.0:
        return greedy
    return greedy | {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }


def _read(content: bytes) -> Reply:
    """Return what a reply says; `Fault` if it is cut off or of another form."""
    try:
        completion = _Completion.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Fault(f"an unusable reply ({f'{where}: ' if where else ''}{first['msg']})") from None
    choice, usage = completion.choices[0], completion.usage
    filtered = choice.finish_reason == "content_filter"
    return Reply(
        choice.message.content or "",
        usage.prompt_tokens,
        usage.completion_tokens,
        choice.finish_reason == "length",
        choice.message.refusal or ("content_filter" if filtered else ""),
    )


def _root(error: BaseException) -> str:
    """Return what is at the bottom of a chain of errors."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip() or type(error).__name__


def _complaint(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return error.response.text
