"""A pipeline at work: a question in, its way through the graph out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.engines.streaming import Hear
from hswarm.engines.usage import Usage
from hswarm.pipeline.contents import Blueprint
from hswarm.system import NodeObserver, Transcript, Turn, ignore, share_context
from hswarm.tasks.task import Example

T = TypeVar("T")


class Pipeline:
    """A system of models, ready to answer; a context manager that lets go of them at the end.

    `answer` is for scripts and notebooks, in `with`; `respond` for coroutines, any number of them
    at once, in `async with`.
    """

    def __init__(self, blueprint: Blueprint, engine: MemoEngine) -> None:
        """Use `hswarm.load`."""
        self.blueprint = blueprint
        self.samplings = blueprint.graph.samplings()
        """How each node decodes."""
        self.system = blueprint.system()
        self._engine = engine
        # A thread and a loop of its own: where one asks, in a notebook say, one may be running
        # already, and connections to models elsewhere live as long as their loop.
        self._caller = ThreadPoolExecutor(1, thread_name_prefix="hswarm-answer")
        self._runner = asyncio.Runner()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.blueprint.pipeline.name

    @property
    def usage(self) -> Usage:
        """What has been asked and generated so far."""
        return self._engine.usage

    def answer(self, question: str, *, context_chunks: Sequence[str] = ()) -> Transcript:
        """Answer a question: `.answer` is what the end node said, `.turns` what every node did.

        `context_chunks` are dealt over the nodes. Raises `CallFailed` when a node's call fails.
        """
        return self._run(self.respond(question, context_chunks=context_chunks))

    async def respond(
        self,
        question: str,
        *,
        context_chunks: Sequence[str] = (),
        samplings: Sequence[Sampling] | None = None,
        observe: NodeObserver = ignore,
        hear: Hear | None = None,
    ) -> Transcript:
        """Answer a question as `answer` does, beside whatever else is being answered.

        `samplings` says how each node is to decode where it is not as in the search; `observe` is
        told of each node as it starts and ends, `hear` of the answer as it grows.
        """
        example = Example("", question, (), context_chunks=tuple(context_chunks))
        return await self.system.answer(
            example, self._engine, samplings or self.samplings, observe=observe, hear=hear
        )

    async def take_turn(
        self,
        node: int,
        question: str,
        answers: Mapping[int, str],
        *,
        context_chunks: Sequence[str] = (),
    ) -> Turn:
        """Let one node speak, its parents' `answers` given by node: for other people's loops."""
        dag = self.system.dag
        context = share_context(context_chunks, dag)[node]
        responses = [answers[parent] for parent in dag.parents[node]]
        prompt = self.system.prompt(node, responses, context, question)
        return await self.system.ask(prompt, self._engine, self.samplings[node])

    async def aclose(self) -> None:
        """Let go of the models; what is still being answered fails."""
        await self._engine.aclose()
        self._caller.shutdown()

    def close(self) -> None:
        """Let go of the models."""
        self._run(self._engine.aclose())
        self._caller.submit(self._runner.close).result()
        self._caller.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._caller.submit(self._runner.run, work).result()
