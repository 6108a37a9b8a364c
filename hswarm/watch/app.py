"""The routes of `hswarm watch`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response

from hswarm.serve.guard import Guard
from hswarm.serve.page import read_page
from hswarm.serve.stream import EventStream
from hswarm.store.run import read_config
from hswarm.watch.news import Teller, agent_names

_PAUSE: Final = 0.1
"""Seconds between two looks at the journal: soon enough for a person, seldom enough for a disk."""
_SILENCE: Final = 150
"""Looks without news after which a comment is sent, so that nobody takes the line for dead."""


def create_app(folder: Path, key: str | None = None) -> FastAPI:
    """Return the application for the run in `folder`; HswarmError if there is none.

    It reads and never writes. With a `key` only who shows it gets an answer. Once
    `app.state.stopping` is set, whoever listens is told no more.
    """
    config, title = read_config(folder), folder.resolve().name
    names = agent_names(config)
    app = FastAPI(title="hswarm watch", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, key=key)
    app.state.stopping = stopping = threading.Event()
    html, headers = read_page(__package__)

    @app.get("/")
    async def page() -> Response:
        return Response(html, media_type="text/html", headers=headers)

    @app.get("/run")
    async def run() -> Response:
        return JSONResponse(
            {
                "name": title,
                "task": Path(config.task).stem,
                "pool": Path(config.pool).stem,
                "method": config.search.method,
                "seed": config.search.seed,
                "max_iterations": config.search.max_iterations,
            }
        )

    @app.get("/events")
    async def events() -> Response:
        return EventStream(follow(Teller(folder, names), stopping))

    return app


async def follow(teller: Teller, stopping: threading.Event) -> AsyncGenerator[bytes]:
    """Yield a run's news as server-sent events, a list in each, until it is to stop."""
    silent = 0
    while not stopping.is_set():
        news = await asyncio.to_thread(teller.tell)
        if news:
            silent = 0
            yield f"data: {json.dumps(news, allow_nan=False)}\n\n".encode()
            continue
        silent += 1
        if silent % _SILENCE == 0:
            yield b": nothing new\n\n"
        await asyncio.sleep(_PAUSE)
