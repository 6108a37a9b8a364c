"""An answer as server-sent events, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from hswarm.serve.desk import Desk
from hswarm.serve.errors import ApiError
from hswarm.serve.question import Question
from hswarm.serve.replies import Delta, Letterhead, Reply, count, finish_reason, report
from hswarm.serve.stops import cut, settled
from hswarm.system import NodeEvent, Transcript, ignore

DONE: Final = b"data: [DONE]\n\n"

News = str | NodeEvent | Transcript
"""How the answer begins, what happened to a node, or the whole."""


async def narrate(desk: Desk, question: Question, *, nodes: bool) -> AsyncGenerator[News]:
    """Yield the news of an answer as they come, last the transcript; raises `ApiError`.

    With `nodes` that is also when a node starts and ends. Closing the generator gives the answer
    up.
    """
    news: asyncio.Queue[News | None] = asyncio.Queue()
    observe = news.put_nowait if nodes else ignore
    work = asyncio.create_task(desk.answer(question, observe=observe, hear=news.put_nowait))
    work.add_done_callback(lambda _: news.put_nowait(None))
    try:
        while (item := await news.get()) is not None:
            yield item
        yield work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def tell(
    first: News,
    news: AsyncGenerator[News],
    question: Question,
    head: Letterhead,
    *,
    end: int,
    usage: bool,
) -> AsyncGenerator[bytes]:
    """Yield an answer as server-sent events: its `first` news and the others.

    `end` is the end node; `usage` asks for the tokens in an event of their own.
    """
    sent = ""
    async with aclosing(news):
        yield _event(head.chunk(Delta(role="assistant", content="")))
        try:
            async for item in _after(first, news):
                if isinstance(item, str):
                    text = settled(item, question.stops)
                elif isinstance(item, Transcript):
                    text = cut(item.answer, question.stops)
                else:
                    yield _event(head.chunk(node=report(item)))
                    continue
                if text.startswith(sent) and text != sent:
                    yield _event(head.chunk(Delta(content=text[len(sent) :])))
                    sent = text
                if isinstance(item, Transcript):
                    for event in _close(item, question, head, end=end, usage=usage):
                        yield event
        except ApiError as error:
            yield f"data: {error.body().model_dump_json()}\n\n".encode()


class EventStream(StreamingResponse):
    """A response of server-sent events; its generator is closed whichever way it ends."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, as long as the client is there."""
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


async def _after(first: News, rest: AsyncIterator[News]) -> AsyncIterator[News]:
    yield first
    async for item in rest:
        yield item


def _close(
    transcript: Transcript, question: Question, head: Letterhead, *, end: int, usage: bool
) -> Iterator[bytes]:
    """Yield the last events: why it ends, the tokens, and that this is all."""
    reason = finish_reason(transcript, question.stops, end)
    yield _event(head.chunk(Delta(), finish=reason))
    if usage:
        yield _event(head.chunk(usage=count(transcript)))
    yield DONE


def _event(content: Reply) -> bytes:
    return f"data: {content.json_text()}\n\n".encode()
