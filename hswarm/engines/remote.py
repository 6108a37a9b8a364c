"""Models behind an API: what all providers have in common.

A call waits for its turn, asks the purse, is made, and made again if it has to be. The key is read
when the engine is opened and is in nothing that the engine says: should a server repeat it, it is
blotted out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from hswarm.engines.endpoint import Endpoint, read_secret
from hswarm.engines.persistence import Fault, persist
from hswarm.engines.purse import Purse
from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.errors import HswarmError

_EMPTY_ENOUGH: Final = 4
"""Times that an empty answer has to come until it is believed: it is a fault more often than not,
yet a model may have nothing to say."""

_SHOWN: Final = 400
"""Characters of what went wrong that are passed on."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, surrounding space included, and how many tokens that took."""

    text: str
    prompt_tokens: int
    generated_tokens: int
    truncated: bool = False
    held_back: str = ""
    """Why the provider keeps the answer to itself, if it does: asked again it would again."""


class Connection(Protocol):
    """A provider's client, on one event loop."""

    async def ask(self, request: Request, /) -> Reply:
        """Make one call.

        Raises `Fault` where another may succeed, `CallFailed` where none will, and HswarmError
        where no request will ever be answered: a wrong key, an unknown model.
        """
        ...

    async def aclose(self) -> None:
        """End the connection."""
        ...


Connect = Callable[[Endpoint, str], Connection]
"""Opens a connection to an endpoint with a key, "" for none."""


@dataclass(frozen=True, slots=True)
class _Line:
    """An event loop's own connection, and the turns of its calls."""

    loop: asyncio.AbstractEventLoop
    connection: Connection
    turns: asyncio.Semaphore


class RemoteEngine:
    """Answers requests for one remote model, called `name` in what it says to a person.

    Calls that cost money are paid from `purse`; without one, they are made as if they cost none.
    """

    def __init__(
        self, name: str, endpoint: Endpoint, connect: Connect, purse: Purse | None = None
    ) -> None:
        """HswarmError if the key is not there."""
        self._name = name
        self._endpoint = endpoint
        self._connect = connect
        self._purse = purse if endpoint.price is not None else None
        self._under_way: set[asyncio.Task[Reply]] = set()
        self._key = read_secret(endpoint.key, name) if endpoint.key else ""
        self._line: _Line | None = None

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`; raises `CallFailed` when it has failed for good."""
        line = self._line_of(asyncio.get_running_loop())
        empty = 0

        async def attempt() -> Completion:
            nonlocal empty
            completion = await self._ask(request, line)
            if not completion.text and (empty := empty + 1) < _EMPTY_ENOUGH:
                raise Fault("an empty answer")
            return completion

        endpoint = self._endpoint
        try:
            return await persist(attempt, attempts=endpoint.attempts)
        except CallFailed as failure:
            raise CallFailed(self._say(f"{self._name}: {failure}")) from None
        except HswarmError as error:
            raise HswarmError(self._say(str(error)), hint=self._say(error.hint)) from None

    async def aclose(self) -> None:
        """See through what is under way and has to be paid, and end the connection."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        line, self._line = self._line, None
        if line is not None and line.loop is asyncio.get_running_loop():
            await line.connection.aclose()

    async def _ask(self, request: Request, line: _Line) -> Completion:
        """Make one call when its turn has come; `Fault` if it may be made again."""
        async with line.turns:
            if self._purse is None:
                reply = await self._call(request, line)
            else:
                # Whoever gives up waiting now, the call has to be paid, and is to be known of.
                self._purse.check()
                call = asyncio.create_task(self._call(request, line))
                self._under_way.add(call)
                call.add_done_callback(self._over)
                reply = await asyncio.shield(call)
        if reply.held_back:
            raise CallFailed(f"the answer was held back: {reply.held_back}")
        return Completion(
            self._blot(reply.text).strip(),
            reply.prompt_tokens,
            reply.generated_tokens,
            reply.truncated,
            self._cost(reply),
        )

    async def _call(self, request: Request, line: _Line) -> Reply:
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                reply = await line.connection.ask(request)
        except TimeoutError:
            raise Fault(f"no answer within {self._endpoint.timeout:g} s") from None
        if self._purse is not None:
            self._purse.pay(request, self._endpoint.model, self._cost(reply))
        return reply

    def _over(self, call: asyncio.Task[Reply]) -> None:
        self._under_way.discard(call)
        if not call.cancelled():
            call.exception()  # looked at: nobody else may be there to

    def _cost(self, reply: Reply) -> int:
        price = self._endpoint.price
        if price is None:
            return 0
        return price.picodollars(reply.prompt_tokens, reply.generated_tokens)

    def _line_of(self, loop: asyncio.AbstractEventLoop) -> _Line:
        """Return the loop's line. One of an earlier loop has ended with it."""
        if self._line is None or self._line.loop is not loop:
            connection = self._connect(self._endpoint, self._key)
            self._line = _Line(loop, connection, asyncio.Semaphore(self._endpoint.concurrency))
        return self._line

    def _say(self, text: str) -> str:
        # Blotted out first: a key that is cut in two would not be found.
        return self._blot(text)[:_SHOWN]

    def _blot(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def refuse(status: int, complaint: str, name: str, *, retry_after: float | None) -> Exception:
    """Return what to raise for an HTTP `status` that is not success and what the server said.

    It may hold whatever the server repeats, and is as long as that.
    """
    said = " ".join(complaint.split())
    what = f"HTTP {status}{': ' if said else ''}{said}"
    # 403 is how some refuse a single prompt; where it is a key's, soon too many calls have failed.
    if status in (401, 404):
        return HswarmError(
            f"{name} is refused: {what}.",
            hint="Check `model`, `base_url` and the key in the variable that `key` names.",
        )
    if status in (408, 409, 425, 429) or status >= 500:
        return Fault(what, retry_after=retry_after)
    return CallFailed(what)
