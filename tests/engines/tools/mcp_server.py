"""An MCP server with two tools, by stdio or, given a port, over HTTP with a bearer token."""

import os
import sys

import uvicorn
from mcp.server.mcpserver import MCPServer

server = MCPServer("words")


@server.tool()
def shout(text: str, times: int = 1) -> str:
    """Say it louder."""
    if "silence" in text:
        raise ValueError("not in a library")
    if "crash" in text:
        os._exit(1)
    return f"{text.upper()}{'!' * times}{os.environ.get('WORDS_MARK', '')}"


@server.tool()
def whisper(text: str) -> str:
    """Say it more quietly."""
    return text.lower()


def guarded(app, token):
    """Return the app behind a bearer token."""

    async def guard(scope, receive, send):
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if given != f"Bearer {token}".encode():
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return guard


if len(sys.argv) > 1:
    app = guarded(server.streamable_http_app(json_response=True), sys.argv[2])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
else:
    server.run("stdio")
