"""A tool of a server that speaks the Model Context Protocol, through the package `mcp`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hswarm.engines.endpoint import read_secret
from hswarm.engines.persistence import Fault, persist
from hswarm.engines.request import CallFailed
from hswarm.engines.tools.entry import McpEntry
from hswarm.engines.tools.given import Given
from hswarm.errors import HswarmError

try:
    import httpx2
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp_types import TextContent
except ImportError:
    raise HswarmError(
        "A tool of an MCP server needs the package `mcp`, which is not installed.",
        hint="Install it: pip install 'hswarm[tools]'",
    ) from None


def open_mcp(name: str, entry: McpEntry, key: str) -> McpTool:
    """Return the tool; HswarmError if the server does not start or has no such tool."""
    tool = McpTool(name, entry, key)

    async def look() -> list[str]:
        async with asyncio.timeout(entry.timeout), tool.connect() as client:
            return [there.name for there in (await client.list_tools()).tools]

    try:
        with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one
            there = thread.submit(asyncio.run, look()).result()
    except Exception as error:
        raise HswarmError(
            f"The MCP server of {name} does not answer: {_cause(error)}.",
            hint=f"Try it by hand: {' '.join(entry.command) or entry.url}",
        ) from None
    if entry.tool not in there:
        raise HswarmError(
            f"The MCP server of {name} has no tool {entry.tool!r}.",
            hint=f"Its tools: {', '.join(there)}.",
        )
    return tool


@dataclass(slots=True, eq=False)
class _Session:
    """An open connection. The task that opened it is the one that has to close it."""

    loop: asyncio.AbstractEventLoop
    client: asyncio.Future[Client]
    over: asyncio.Event
    keeper: asyncio.Task[None] | None = None


class McpTool:
    """Calls one tool. The connection stays open; one that broke is opened again."""

    def __init__(self, name: str, entry: McpEntry, key: str) -> None:
        """HswarmError if a variable of the server's environment is not there."""
        self._entry = entry
        self._key = key
        self._environment = {
            variable: read_secret(variable, name) for variable in entry.environment
        }
        self._session: _Session | None = None

    async def __call__(self, given: Given) -> str:
        """Return the texts of the answer; `CallFailed` if the tool says that it failed."""
        arguments = self._entry.fill(given)

        async def attempt() -> str:
            session = self._session_of(asyncio.get_running_loop())
            try:
                # Shielded: others wait for the same connection.
                client = await asyncio.shield(session.client)
                result = await client.call_tool(self._entry.tool, arguments)
            except Exception as error:
                self._end(session)
                raise Fault(_cause(error)) from None
            texts = [block.text for block in result.content if isinstance(block, TextContent)]
            if result.is_error:
                raise CallFailed("; ".join(texts) or "the server does not say why")
            return "\n".join(texts)

        return await persist(attempt, attempts=self._entry.attempts)

    async def aclose(self) -> None:
        """Close the connection, and with it a server that was started for it."""
        session = self._session
        if session is not None:
            self._end(session)
            if session.keeper is not None and session.loop is asyncio.get_running_loop():
                await asyncio.wait([session.keeper])

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        """Open a connection for as long as this lasts."""
        entry = self._entry
        if entry.url:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=entry.timeout) as http,
                Client(streamable_http_client(entry.url, http_client=http)) as client,
            ):
                yield client
            return
        program, *arguments = entry.command
        parameters = StdioServerParameters(
            command=program, args=arguments, env=self._environment or None
        )
        # What the server writes to its terminal is not for a person's, and may hold its keys.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:  # noqa: ASYNC230
            async with Client(stdio_client(parameters, errlog=nowhere)) as client:
                yield client

    def _session_of(self, loop: asyncio.AbstractEventLoop) -> _Session:
        """Return the loop's connection, opening it if need be."""
        if self._session is None or self._session.loop is not loop:
            session = _Session(loop, loop.create_future(), asyncio.Event())
            session.keeper = loop.create_task(self._keep(session))
            self._session = session
        return self._session

    async def _keep(self, session: _Session) -> None:
        """Hold a connection open until it is over."""
        try:
            async with self.connect() as client:
                session.client.set_result(client)
                await session.over.wait()
        except Exception as error:
            if not session.client.done():
                session.client.set_exception(error)
                session.client.exception()  # looked at: nobody may be waiting any more

    def _end(self, session: _Session) -> None:
        session.over.set()
        if self._session is session:
            self._session = None


def _cause(error: BaseException) -> str:
    """Return what is at the bottom of nested groups of errors, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
