"""Models that only take their time: what is around them can be measured without them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, Batch, Outcome
from hswarm.engines.request import CallFailed, Completion, Request


class SleepingRunner:
    """Answers with words that follow from the request, and sleeps `per_token` seconds for each."""

    def __init__(self, per_token: float = 0.0, at_once: int = 16) -> None:
        self._per_token = per_token
        self._at_once = at_once

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, so many at a time, one token after the other."""
        for start in range(0, len(requests), self._at_once):
            places = range(start, min(start + self._at_once, len(requests)))
            batch = [(place, _answer(requests[place])) for place in places]
            tokens = sum(o.generated_tokens for _, o in batch if isinstance(o, Completion))
            time.sleep(tokens * self._per_token)
            yield batch


def load_sleeping(cargo: float, config: EngineConfig) -> SleepingRunner:
    """Make a worker's runner; `cargo` is the seconds that a token takes."""
    return SleepingRunner(cargo)


def _answer(request: Request) -> Outcome:
    if "hopeless" in request.prompt:
        return CallFailed("it is hopeless")
    digest = hashlib.sha256(request.key().encode()).hexdigest()
    tokens = max(1, min(request.sampling.max_tokens, 1 + int(digest[:2], 16) % 32))
    words = [digest[k % 60 : k % 60 + 4] for k in range(tokens)]
    return Completion(" ".join(words), len(request.prompt.split()), tokens)
