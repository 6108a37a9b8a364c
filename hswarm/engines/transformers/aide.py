"""An aide: a process of its own that answers a share of what another process is asked.

It reads lines of JSON from stdin and writes lines of JSON to stdout. First it is told the family,
the engine's settings and how many aides there are, and says that it is ready; then shares come,
numbered, and answers go. When nobody writes any more it ends, whatever it is at.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, NamedTuple

from pydantic import TypeAdapter

from hswarm.config import EngineConfig
from hswarm.engines.allocator import share_one_arena
from hswarm.engines.batching import Audience, Batch, Outcome
from hswarm.engines.families import no_engine
from hswarm.engines.request import Blend, CallFailed, Completion, Request, Sampling, TooLong
from hswarm.engines.transformers.runner import TransformersRunner
from hswarm.experts.family import Family

FAMILY: TypeAdapter[Family] = TypeAdapter(Family)


def dump_requests(family: str, requests: Iterable[Request]) -> list[Any]:
    """Return the requests to the family with this fingerprint as JSON; see `load_requests`.

    Raises HswarmError if one is for somebody else.
    """
    dumped = []
    for request in requests:
        model = request.model
        if not isinstance(model, Blend) or model.family != family:
            raise no_engine(request)
        dumped.append([model.row, request.prompt, *astuple(request.sampling)])
    return dumped


def load_requests(family: str, dumped: Iterable[Any]) -> list[Request]:
    """Return the requests to the family with this fingerprint that were dumped."""
    return [
        Request(Blend(family, tuple(row)), prompt, Sampling(*sampling))
        for row, prompt, *sampling in dumped
    ]


def dump_outcome(outcome: Outcome) -> list[Any]:
    """Return what became of a request as JSON; `load_outcome` is the way back."""
    if isinstance(outcome, Completion):
        return ["answer", *astuple(outcome)]
    return ["too long" if isinstance(outcome, TooLong) else "failed", str(outcome)]


def load_outcome(dumped: Sequence[Any]) -> Outcome:
    """Return the outcome that was dumped."""
    kind, *fields = dumped
    if kind == "answer":
        return Completion(*fields)
    return (TooLong if kind == "too long" else CallFailed)(*fields)


class _Share(NamedTuple):
    number: int
    requests: list[Request]
    gone: set[int]


def main() -> None:
    """Do what an aide does; see the module."""
    try:
        _serve()
    finally:  # at once, so that nobody waits for an aide that has failed
        os._exit(1)


def _serve() -> None:
    share_one_arena()
    # What libraries print must not come between the lines.
    said = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    heard = sys.stdin
    hello = json.loads(heard.readline())
    family = FAMILY.validate_python(hello["family"])
    shares: SimpleQueue[_Share] = SimpleQueue()
    Thread(target=_listen, args=(heard, family.fingerprint, shares), daemon=True).start()
    config = EngineConfig.model_validate(hello["config"])
    runner = TransformersRunner(family, config, processes=hello["count"])
    _say(said, {"ready": True})
    while True:
        share = shares.get()
        for batch in runner.run(share.requests, Audience(gone=share.gone)):
            if batch:
                _say(said, {"share": share.number, "news": _dump(batch)})
        _say(said, {"share": share.number, "over": True})


def _listen(heard: IO[str], family: str, shares: SimpleQueue[_Share]) -> None:
    latest = _Share(0, [], set())
    for line in heard:
        message = json.loads(line)
        if "requests" in message:
            latest = _Share(message["share"], load_requests(family, message["requests"]), set())
            shares.put(latest)
        elif message["share"] == latest.number:
            latest.gone.update(message["gone"])
    os._exit(0)


def _dump(batch: Batch) -> list[Any]:
    return [
        [place, dump_outcome(outcome)]
        for place, outcome in batch
        if isinstance(outcome, Completion | CallFailed)
    ]


def _say(said: IO[str], message: Any) -> None:
    said.write(json.dumps(message) + "\n")
    said.flush()
