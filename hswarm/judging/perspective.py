"""Toxicity by Google's Perspective API (Lees et al., 2022), as in Model Swarms."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from typing import Final

from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.errors import HswarmError

ENDPOINT: Final = "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze"
_TRIES: Final = 6
_PAUSE: Final = 1.0
"""Seconds before the first retry, twice as long before each further one."""
_TIMEOUT: Final = 30.0
_AT_ONCE: Final = 4


def open_perspective(key: str) -> PerspectiveEngine:
    """Return the engine; `key` names an environment variable, HswarmError if it is not set."""
    value = os.environ.get(key)
    if not value:
        raise HswarmError(
            f"The Perspective API's key is not set: there is no environment variable {key}.",
            hint="Ask for one at https://perspectiveapi.com, or name a local classifier: "
            "--set scorer.arguments.detector.provider=local",
        )
    return PerspectiveEngine(value)


class PerspectiveEngine:
    """Asks for one attribute of a text; answers with its share, 0 to 1, as a number."""

    def __init__(self, key: str, *, endpoint: str = ENDPOINT, pause: float = _PAUSE) -> None:
        self._key = key
        self._endpoint = endpoint
        self._pause = pause
        self._seats = asyncio.Semaphore(_AT_ONCE)

    async def generate(self, request: Request, /) -> Completion:
        """Return the attribute's score; raises `CallFailed` when the API gives none."""
        attribute = request.model.model  # type: ignore[union-attr]
        if not request.prompt.strip():
            return Completion("0.0", 0, 0)  # the API refuses a text with nothing in it
        async with self._seats:
            for attempt in range(_TRIES):
                if attempt:
                    await asyncio.sleep(self._pause * 2 ** (attempt - 1))
                try:
                    value = await asyncio.to_thread(self._post, request.prompt, attribute)
                except urllib.error.HTTPError as error:
                    if error.code not in (429, 500, 502, 503, 504) or attempt == _TRIES - 1:
                        raise CallFailed(f"the Perspective API said {error.code}") from None
                except (OSError, ValueError, KeyError, TypeError) as error:
                    if attempt == _TRIES - 1:
                        raise CallFailed(f"the Perspective API failed: {error!r}") from None
                else:
                    return Completion(repr(value), 0, 0)
        raise AssertionError("the last attempt returns or raises")

    def _post(self, text: str, attribute: str) -> float:
        body = {
            "comment": {"text": text},
            "languages": ["en"],
            "requestedAttributes": {attribute: {}},
            "doNotStore": True,
        }
        call = urllib.request.Request(
            self._endpoint,
            data=json.dumps(body).encode(),
            # The key goes into a header: a URL ends up in logs.
            headers={"Content-Type": "application/json", "X-Goog-Api-Key": self._key},
        )
        with urllib.request.urlopen(call, timeout=_TIMEOUT) as reply:
            scores = json.load(reply)["attributeScores"]
        return float(scores[attribute]["summaryScore"]["value"])
