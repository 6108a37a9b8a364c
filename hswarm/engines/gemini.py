"""Google's Gemini models, through the SDK `google-genai`."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from hswarm.engines.endpoint import Endpoint
from hswarm.engines.persistence import Fault, seconds_to_wait
from hswarm.engines.purse import Purse
from hswarm.engines.remote import RemoteEngine, Reply, refuse
from hswarm.engines.request import Request
from hswarm.errors import HswarmError

try:
    import httpx2
    from google import genai
    from google.genai import errors, types
except ImportError:
    raise HswarmError(
        "Gemini needs the SDK `google-genai`, which is not installed.",
        hint="Install it: pip install 'hswarm[gemini]'",
    ) from None

_OVER: Final = (types.FinishReason.STOP, types.FinishReason.MAX_TOKENS)


class GeminiConnection:
    """A client of one model. Retries are made by the engine above it; redirects never."""

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self._endpoint = endpoint
        self._http = httpx2.AsyncClient(
            follow_redirects=False,
            timeout=endpoint.timeout,
            limits=httpx2.Limits(max_connections=endpoint.concurrency),
        )
        self._client = genai.Client(
            api_key=key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=endpoint.base_url or None,
                timeout=round(endpoint.timeout * 1000),
                httpx_async_client=self._http,
            ),
        )

    async def ask(self, request: Request, /) -> Reply:
        """Make one call; see `Connection`."""
        config = _config(self._endpoint, request)
        try:
            response = await self._client.aio.models.generate_content(
                model=self._endpoint.model, contents=request.prompt, config=config
            )
        except errors.APIError as error:
            headers = getattr(error.response, "headers", {})
            raise refuse(
                error.code,
                str(error.message or ""),
                self._endpoint.model,
                retry_after=seconds_to_wait(headers.get("retry-after")),
            ) from None
        except httpx2.HTTPError as error:
            raise Fault(f"the connection failed ({type(error).__name__})") from None
        except Exception as error:
            # What the SDK raises where a reply is not what it should be is not laid down.
            raise Fault(f"an unusable reply ({type(error).__name__})") from None
        return _read(response)

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aio.aclose()
        await self._http.aclose()


def open_gemini(name: str, endpoint: Endpoint, purse: Purse | None = None) -> RemoteEngine:
    """Return the engine of a Gemini model."""
    return RemoteEngine(name, endpoint, GeminiConnection, purse)


def _config(endpoint: Endpoint, request: Request) -> types.GenerateContentConfig:
    sampling = request.sampling
    settings: dict[str, Any] = {"max_output_tokens": sampling.max_tokens, "temperature": 0.0}
    if sampling.temperature > 0.0:
        settings |= {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
    try:
        return types.GenerateContentConfig.model_validate(endpoint.body(settings))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise HswarmError(
            f"The parameters of {endpoint.model} are not Gemini's: {where}: {first['msg']}.",
            hint="They are the fields of GenerateContentConfig, as in thinking_config.",
        ) from None


def _read(response: types.GenerateContentResponse) -> Reply:
    """Return what a reply says; `Fault` if something is missing."""
    feedback, usage = response.prompt_feedback, response.usage_metadata
    if usage is None or usage.prompt_token_count is None:
        raise Fault("an unusable reply (no count of tokens)")
    generated = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    if feedback is not None and feedback.block_reason is not None:
        blocked = str(feedback.block_reason.value)
        return Reply("", usage.prompt_token_count, generated, held_back=blocked)
    if not response.candidates:
        raise Fault("an unusable reply (no candidate)")
    candidate = response.candidates[0]
    parts = candidate.content.parts if candidate.content is not None else None
    reason = candidate.finish_reason
    return Reply(
        "".join(part.text or "" for part in parts or () if not part.thought),
        usage.prompt_token_count,
        generated,
        reason is types.FinishReason.MAX_TOKENS,
        "" if reason is None or reason in _OVER else str(reason.value),
    )
