"""The routes of a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from hswarm.agents.prompts import PromptRole
from hswarm.graph.svg import draw_svg
from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve import errors
from hswarm.serve.chat import ChatRequest
from hswarm.serve.desk import Desk, unless_gone
from hswarm.serve.errors import ErrorBody
from hswarm.serve.guard import BodyLimit, Guard
from hswarm.serve.limits import Limits
from hswarm.serve.page import read_page
from hswarm.serve.question import Question, read_question
from hswarm.serve.replies import ChatCompletion, Letterhead, Model, ModelList
from hswarm.serve.stream import EventStream, narrate, tell

_GONE = 499
"""What stands in for a response that there is nobody to get."""


class Health(BaseModel):
    """How the server is."""

    status: str


class GraphNode(BaseModel):
    """A node as the page shows it."""

    agent: str
    role: PromptRole
    parents: list[int]


class Graph(BaseModel):
    """The pipeline as the page shows it, nodes by index."""

    model: str
    task: str
    context_chunks: bool
    """Whether its task comes with context."""
    nodes: list[GraphNode]
    order: list[int]
    """The nodes in topological order."""
    svg: str


class Phase:
    """Whether a server is to be given new work."""

    draining = False


def create_app(pipeline: Pipeline, limits: Limits, key: str | None = None) -> FastAPI:
    """Return a server's application; with a `key`, only who shows it gets an answer.

    `app.state.phase.draining` has it say that it is not ready. The pipeline is let go of when the
    application shuts down.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        await pipeline.aclose()

    app = FastAPI(
        title=f"hswarm: {pipeline.name}",
        description="A system of language models behind OpenAI's chat completions.",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        responses={"default": {"model": ErrorBody, "description": "What went wrong."}},
    )
    app.state.phase = Phase()
    app.add_middleware(BodyLimit, most=limits.body)
    app.add_middleware(Guard, key=key)
    errors.install(app)
    desk = Desk(pipeline, limits)
    _add_chat(app, desk)
    _add_models(app, pipeline)
    _add_page(app, pipeline)
    _add_probes(app, desk)
    return app


def _add_chat(app: FastAPI, desk: Desk) -> None:
    pipeline = desk.pipeline
    fingerprint = f"hswarm-{pipeline.blueprint.pool.fingerprint[:12]}"
    end = pipeline.system.dag.end

    async def stream(chat: ChatRequest, asked: Question, request: Request) -> Response:
        news = narrate(desk, asked, nodes=bool(chat.node_events))
        # Before anything is sent, so that what goes wrong at once has a status of its own.
        first = await unless_gone(request, anext(news))
        if first is None:
            return Response(status_code=_GONE)
        head = Letterhead(pipeline.name, fingerprint)
        usage = bool(chat.stream_options and chat.stream_options.include_usage)
        return EventStream(tell(first, news, asked, head, end=end, usage=usage))

    @app.post(
        "/v1/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def complete(chat: ChatRequest, request: Request) -> Response:
        """Have the graph answer. With `stream`, as server-sent events."""
        asked = read_question(chat, pipeline, desk.limits)
        if chat.stream:
            return await stream(chat, asked, request)
        transcript = await unless_gone(request, desk.answer(asked))
        if transcript is None:
            return Response(status_code=_GONE)
        head = Letterhead(pipeline.name, fingerprint)
        done = head.completion(transcript, asked.stops, end, nodes=bool(chat.node_events))
        return Response(done.json_text(), media_type="application/json")


def _add_models(app: FastAPI, pipeline: Pipeline) -> None:
    @app.get("/v1/models", response_model=ModelList)
    async def models() -> ModelList:
        """List the models: the graph is the one there is."""
        return ModelList(data=[Model(id=pipeline.name)])


def _add_page(app: FastAPI, pipeline: Pipeline) -> None:
    blueprint = pipeline.blueprint
    drawn = Graph(
        model=pipeline.name,
        task=blueprint.pipeline.task.title,
        context_chunks=blueprint.pipeline.task.context_chunks,
        nodes=[
            GraphNode(agent=node.agent, role=node.role, parents=list(node.parents))
            for node in blueprint.graph.nodes
        ],
        order=list(blueprint.dag.order),
        svg=draw_svg(blueprint.dag, blueprint.agents),
    )
    html, headers = read_page()

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return Response(html, media_type="text/html", headers=headers)

    @app.get("/v1/graph", response_model=Graph)
    async def graph() -> Graph:
        """Show the graph, as the page draws it."""
        return drawn


def _add_probes(app: FastAPI, desk: Desk) -> None:
    @app.get("/health/live", response_model=Health)
    async def live() -> Health:
        """Say that the server runs."""
        return Health(status="ok")

    @app.get("/health/ready", response_model=Health)
    async def ready() -> Response:
        """Say whether the server takes questions; 503 when it is about to stop."""
        if app.state.phase.draining:
            return JSONResponse({"status": "draining"}, 503)
        return JSONResponse({"status": "ok"})

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(desk.metrics.text(), media_type=CONTENT_TYPE_LATEST)
