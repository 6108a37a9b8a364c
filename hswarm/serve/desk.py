"""Where questions come in: each finds a place, is answered in time, and is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from hswarm.engines.request import CallFailed, TooLong
from hswarm.engines.streaming import Hear
from hswarm.errors import HswarmError
from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve.admission import Admission
from hswarm.serve.errors import ApiError
from hswarm.serve.limits import Limits
from hswarm.serve.metrics import Metrics
from hswarm.serve.question import Question
from hswarm.system import NodeEvent, NodeObserver, Transcript, ignore

T = TypeVar("T")


class Desk:
    """Answers questions by one pipeline, within limits."""

    def __init__(self, pipeline: Pipeline, limits: Limits) -> None:
        self.pipeline = pipeline
        self.limits = limits
        self.admission = Admission(limits)
        self.metrics = Metrics(pipeline, self.admission)

    async def answer(
        self, question: Question, *, observe: NodeObserver = ignore, hear: Hear | None = None
    ) -> Transcript:
        """Answer a question; raises `ApiError` where that cannot be done, or not in time."""
        started = time.perf_counter()
        try:
            transcript = await self._answer(question, observe, hear)
        except ApiError as error:
            self.metrics.failed(error.code)
            raise
        except asyncio.CancelledError:
            self.metrics.failed("client_gone")
            raise
        self.metrics.answered(time.perf_counter() - started)
        return transcript

    async def _answer(
        self, question: Question, observe: NodeObserver, hear: Hear | None
    ) -> Transcript:
        count = self.metrics.watch()

        def both(event: NodeEvent) -> None:
            count(event)
            observe(event)

        try:
            async with asyncio.timeout(self.limits.deadline), self.admission.place():
                return await self.pipeline.respond(
                    question.text,
                    context_chunks=question.context_chunks,
                    samplings=question.samplings,
                    observe=both,
                    hear=hear,
                )
        except TimeoutError:
            message = f"There was no answer within {self.limits.deadline:g} seconds."
            raise ApiError(504, "deadline_exceeded", message) from None
        except TooLong as failure:
            raise ApiError(
                400, "context_length_exceeded", f"{failure}.", param="messages"
            ) from None
        except (CallFailed, HswarmError) as failure:
            raise ApiError(502, "call_failed", f"A node's call failed: {failure}.") from None


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of `work`, or None if the client has gone; the work is then given up."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_leave(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _leave(request: Request) -> None:
    """Return when the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
