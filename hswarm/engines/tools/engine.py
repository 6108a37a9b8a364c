"""The engine of a tool. Its failure is something it says, to be read by whoever reads it."""

from __future__ import annotations

import asyncio
import os
from typing import Final, Protocol

from hswarm.engines.endpoint import read_secret
from hswarm.engines.persistence import Fault
from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.engines.router import Closing
from hswarm.engines.tools.calculator import calculate
from hswarm.engines.tools.entry import (
    AnyTool,
    CalculatorEntry,
    FunctionEntry,
    HttpEntry,
)
from hswarm.engines.tools.function import FunctionTool
from hswarm.engines.tools.given import Given
from hswarm.errors import HswarmError

_SAID: Final = 300
"""Characters of a complaint that are passed on."""
_KEY: Final = 6
"""Characters of a key at least: a program's variables may hold a word or a digit, too."""


class Use(Protocol):
    """What a tool does."""

    async def __call__(self, given: Given, /) -> str:
        """Return the answer; raises `CallFailed` or HswarmError where there is none."""
        ...


class ToolEngine:
    """Answers the requests for one tool, called `name` in what it says. Its answers cost nothing.

    What goes wrong becomes the answer: no run is lost over a tool.
    """

    def __init__(self, name: str, entry: AnyTool, use: Use) -> None:
        self._name = name
        self._entry = entry
        self._use = use
        self._secrets = [os.environ.get(variable, "").strip() for variable in entry.secrets]
        self._turns: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`, whose prompt is written by `Given.write`."""
        given = Given.read(request.prompt)
        async with self._turns_of(asyncio.get_running_loop()):
            try:
                async with asyncio.timeout(self._entry.timeout):
                    text = self._blot(await self._use(given))
            except TimeoutError:
                text = self._complain(f"no answer within {self._entry.timeout:g} s")
            except (CallFailed, Fault, HswarmError) as error:
                text = self._complain(str(error))
        text = text.strip()
        longest = self._entry.longest
        return Completion(text[:longest], 0, 0, truncated=len(text) > longest)

    async def aclose(self) -> None:
        """Give back what the tool holds."""
        if isinstance(self._use, Closing):
            await self._use.aclose()

    def _complain(self, what: str) -> str:
        # Blotted out first: a key that is cut in two would not be found.
        said = self._blot(" ".join(what.split()))
        return f"The tool {self._name} failed: {said[:_SAID]}"

    def _blot(self, text: str) -> str:
        for secret in self._secrets:
            if len(secret) >= _KEY:
                text = text.replace(secret, "[key]")
        return text

    def _turns_of(self, loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
        if self._turns is None or self._loop is not loop:
            self._loop = loop
            self._turns = asyncio.Semaphore(self._entry.concurrency)
        return self._turns


def open_tool(name: str, entry: AnyTool) -> ToolEngine:
    """Return the engine of a tool.

    HswarmError if a key is not there, a library is not installed, a function cannot be imported,
    or a server does not have the tool.
    """
    if isinstance(entry, CalculatorEntry):
        return ToolEngine(name, entry, calculate)
    if isinstance(entry, FunctionEntry):
        return ToolEngine(name, entry, FunctionTool(entry.entry_point))
    key = read_secret(entry.key, name) if entry.key else ""
    if isinstance(entry, HttpEntry):
        from hswarm.engines.tools.http import HttpTool

        return ToolEngine(name, entry, HttpTool(entry, key))
    from hswarm.engines.tools.mcp import open_mcp

    return ToolEngine(name, entry, open_mcp(name, entry, key))
