"""Toxicity by Google's Perspective API (Lees et al., 2022), as in Model Swarms."""

from __future__ import annotations

import asyncio
from typing import Final

from hswarm.engines.endpoint import Endpoint
from hswarm.engines.persistence import Fault, seconds_to_wait
from hswarm.engines.remote import RemoteEngine, Reply, refuse
from hswarm.engines.request import Request
from hswarm.errors import HswarmError

URL: Final = "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze"
_AT_ONCE: Final = 4
_NO_KEY: Final = (
    "Ask for one at https://perspectiveapi.com, or name a local classifier: "
    "--set scorer.arguments.detector.provider=local"
)


def open_perspective(attribute: str, key: str, *, url: str = URL) -> RemoteEngine:
    """Return the engine; `key` names an environment variable, HswarmError if it is not set."""
    endpoint = Endpoint(model=attribute, base_url=url, key=key, concurrency=_AT_ONCE)
    try:
        return RemoteEngine("the Perspective API", endpoint, PerspectiveConnection)
    except HswarmError as error:
        raise HswarmError(str(error), hint=f"{error.hint} {_NO_KEY}") from None


class PerspectiveConnection:
    """Asks for one attribute of a text; the reply is its share, 0 to 1, as a number."""

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        self._endpoint = endpoint
        self._key = key

    async def ask(self, request: Request, /) -> Reply:
        """Make one call; see `Connection`."""
        if not request.prompt.strip():
            return Reply("0.0", 0, 0)  # the API refuses a text with nothing in it
        return await asyncio.to_thread(self._post, request.prompt)

    async def aclose(self) -> None:
        """There is nothing to end."""

    def _post(self, text: str) -> Reply:
        import requests  # noqa: PLC0415  (most runs ask nobody)

        attribute = self._endpoint.model
        body = {
            "comment": {"text": text},
            "languages": ["en"],
            "requestedAttributes": {attribute: {}},
            "doNotStore": True,
        }
        try:
            said = requests.post(
                self._endpoint.base_url,
                json=body,
                # The key goes into a header: a URL ends up in logs.
                headers={"X-Goog-Api-Key": self._key},
                timeout=self._endpoint.timeout,
                allow_redirects=False,
            )
            if said.status_code != requests.codes.ok:
                wait = seconds_to_wait(said.headers.get("retry-after"))
                raise refuse(said.status_code, said.text, attribute, retry_after=wait)
            share = said.json()["attributeScores"][attribute]["summaryScore"]["value"]
            return Reply(repr(float(share)), 0, 0)
        except requests.RequestException as error:
            raise Fault(f"the connection failed ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError) as error:
            raise Fault(f"an unusable reply ({type(error).__name__})") from None
