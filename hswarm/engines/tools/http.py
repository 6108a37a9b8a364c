"""A tool behind an address of one's own."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from http import HTTPStatus

from pydantic import BaseModel, StrictStr, ValidationError

from hswarm.engines.persistence import Fault, persist, seconds_to_wait
from hswarm.engines.remote import refuse
from hswarm.engines.tools.entry import HttpEntry
from hswarm.engines.tools.given import Given
from hswarm.errors import HswarmError

try:
    import httpx2
except ImportError:
    raise HswarmError(
        "A tool behind an address needs the library `httpx2`, which is not installed.",
        hint="Install it: pip install 'hswarm[tools]'",
    ) from None


class _Reply(BaseModel):
    text: StrictStr


class HttpTool:
    """Posts what the node was given to the address in the pool file, and to no other."""

    def __init__(self, entry: HttpEntry, key: str) -> None:
        self._entry = entry
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, given: Given) -> str:
        """Return the answer's text; `CallFailed` if there is none after so many attempts."""
        client = self._client_of(asyncio.get_running_loop())

        async def attempt() -> str:
            try:
                response = await client.post(self._entry.url, json=asdict(given))
            except httpx2.HTTPError as error:
                raise Fault(f"the connection failed ({type(error).__name__})") from None
            if response.status_code != HTTPStatus.OK:
                raise refuse(
                    response.status_code,
                    response.text,
                    self._entry.url,
                    retry_after=seconds_to_wait(response.headers.get("retry-after")),
                )
            try:
                return _Reply.model_validate_json(response.content).text
            except ValidationError:
                raise Fault('an unusable reply (it is not {"text": "…"})') from None

        return await persist(attempt, attempts=self._entry.attempts)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
        self._client = None

    def _client_of(self, loop: asyncio.AbstractEventLoop) -> httpx2.AsyncClient:
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = httpx2.AsyncClient(
                headers=self._headers, follow_redirects=False, timeout=self._entry.timeout
            )
        return self._client
