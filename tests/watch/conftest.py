"""A run that grows while it is watched, and its page on loopback."""

import asyncio
import json
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from hswarm.config import RunConfig
from hswarm.store.run import Run
from hswarm.watch.app import create_app


@contextmanager
def serve(folder, key=None):
    app = create_app(folder, key)
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=0, lifespan="off", log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.stopping.set()
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def serving():
    return serve


class Search:
    """Writes a journal as a search does."""

    def __init__(self, run):
        self.run = run
        self.folder = run.folder

    def evaluate(self, iteration, utility, *, times=1, step="role", **more):
        for _ in range(times):
            self.run.journal.append(
                {
                    "event": "evaluation", "iteration": iteration, "step": step,
                    "parents": [[], [0]], "agents": [1, 0], "rows": [[0, {}], [0, {}]],
                    "utility": utility, "unscored": 0, **more,
                }
            )  # fmt: skip

    def end(self, iteration, utilities):
        self.run.journal.append({"event": "graphs", "iteration": iteration, "utilities": utilities})
        self.run.journal.append(
            {"event": "iteration", "iteration": iteration, "answered": 100, "generated": 25}
        )


@pytest.fixture
def search(tmp_path):
    """A run that this test's process is at work on."""
    folder = tmp_path / "my-run"
    with Run.create(folder, RunConfig(task="gaia-text"), {}) as run:
        yield Search(run)


@pytest.fixture
def told():
    """Read server-sent events until one of a kind came."""

    def read(lines, until):
        news = []
        for line in lines:
            if line.startswith("data: "):
                news += json.loads(line.removeprefix("data: "))
                if any(item["kind"] == until for item in news):
                    return news
        raise AssertionError(f"the stream ended without {until!r}")

    return read
