"""The process that serves a run's page."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from hswarm.serve.server import run_app
from hswarm.watch.app import create_app


def watch(
    folder: Path, listening: socket.socket, *, key: str | None, started: Callable[[str], None]
) -> None:
    """Serve the page of the run in `folder` until SIGINT or SIGTERM.

    `listening` comes from `hswarm.serve.server.listen`; `started` is told its address. HswarmError
    if there is no run.
    """
    app = create_app(folder, key)
    run_app(app, listening, started=started, stopping=app.state.stopping.set, grace=1)
