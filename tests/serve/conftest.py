"""Servers on loopback, in the test's own event loop, and a pipeline whose answers can be held."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

import httpx2
import openai
import pytest
import uvicorn

from hswarm.config import EngineConfig
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import CallFailed, Completion
from hswarm.pipeline.load import load
from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve.app import create_app
from hswarm.serve.limits import Limits


@pytest.fixture(scope="session")
def pipeline(exported):
    with load(exported, engine=EngineConfig(threads=1)) as opened:
        yield opened


class Held:
    """An engine that answers when it is let; notes who was asked and who was given up.

    A prompt with "fail" in it fails. Answers of the end node are heard word by word.
    """

    def __init__(self):
        self.asked = []
        self.given_up = []
        self.may_go = asyncio.Event()

    async def generate(self, request):
        return await self.stream(request, lambda text: None)

    async def stream(self, request, hear):
        self.asked.append(request)
        words = f"answer to {len(request.prompt)} characters".split()
        try:
            for end in range(1, len(words)):
                await asyncio.sleep(0)
                hear(" ".join(words[:end]))
            await self.may_go.wait()
        except asyncio.CancelledError:
            self.given_up.append(request)
            raise
        if "fail" in request.prompt:
            raise CallFailed("as asked")
        return Completion(" ".join(words), len(request.prompt), len(words))


@pytest.fixture
def held(pipeline):
    """A pipeline like the exported one on an engine that answers when it is let."""
    engine = Held()
    return Pipeline(pipeline.blueprint, MemoEngine(engine)), engine


class Served:
    """A server that listens, and ways to ask it."""

    def __init__(self, app, port):
        self.app = app
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def http(self, key=None, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60, **options)

    def openai(self, key="none"):
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=60)


@asynccontextmanager
async def serve(pipeline, key=None, **limits):
    app = create_app(pipeline, Limits(**limits), key)
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(app, port)
    finally:
        server.should_exit = True
        await running


@contextmanager
def serve_aside(pipeline, **options):
    listens, served = threading.Event(), {}

    async def main():
        stop = asyncio.Event()
        async with serve(pipeline, **options) as server:
            served.update(url=server.url, loop=asyncio.get_running_loop(), stop=stop)
            listens.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert listens.wait(60)
    try:
        yield served["url"], served["loop"]
    finally:
        served["loop"].call_soon_threadsafe(served["stop"].set)
        thread.join(60)


@pytest.fixture(scope="session")
def serving_aside():
    """Serve a pipeline from another thread while a context lasts: its address, its event loop."""
    return serve_aside


@pytest.fixture(scope="session")
def serving():
    """Serve a pipeline while a context lasts; it stays open afterwards."""
    return serve


@pytest.fixture(scope="session")
def ask():
    """Make the body of a request."""

    def make(content="What is the bell's owner's city?", **more):
        messages = [{"role": "user", "content": content}]
        return {"model": "my-pipeline", "messages": messages, **more}

    return make
