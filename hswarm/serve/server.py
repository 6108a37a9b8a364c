"""The process that serves: where it listens, and how it stops."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from hswarm.errors import HswarmError
from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve.app import create_app
from hswarm.serve.guard import check_binding
from hswarm.serve.limits import Limits

_GRACE: Final = 5
"""Seconds beyond the deadline that an answer has to be sent when the server stops."""


class _Server(uvicorn.Server):
    """Says where it listens, and that it is not ready any more before it stops listening."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[str], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._say = started
        self._on_exit = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            host, port, *_ = listening.getsockname()
            self._say(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_exit()
        super().handle_exit(sig, frame)


def listen(host: str, port: int, *, key: str | None, variable: str) -> socket.socket:
    """Return a socket that is bound to `host` and `port`, where a server is to listen.

    Raises HswarmError if that cannot be, or if others could reach it and there is no `key` in the
    environment variable `variable`.
    """
    check_binding(host, key, variable)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        taken = error.errno == errno.EADDRINUSE
        why = "it is in use" if taken else error.strerror or str(error)
        raise HswarmError(
            f"Port {port} on {host} cannot be listened on: {why}.",
            hint="Choose another with --port.",
        ) from None
    return listening


def serve(
    pipeline: Pipeline,
    listening: socket.socket,
    *,
    limits: Limits,
    key: str | None,
    started: Callable[[str], None],
) -> None:
    """Serve a pipeline until SIGINT or SIGTERM; what has been asked by then is answered first.

    `listening` comes from `listen`; `started` is told its address.
    """
    app = create_app(pipeline, limits, key)
    phase = app.state.phase

    def drain() -> None:
        phase.draining = True

    run_app(app, listening, started=started, stopping=drain, grace=int(limits.deadline) + _GRACE)


def run_app(
    app: FastAPI,
    listening: socket.socket,
    *,
    started: Callable[[str], None],
    stopping: Callable[[], None],
    grace: int,
) -> None:
    """Serve an application until SIGINT or SIGTERM, and give answers under way `grace` seconds."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=grace,
    )
    server = _Server(config, started, stopping)
    with listening, suppress(KeyboardInterrupt):
        server.run([listening])
