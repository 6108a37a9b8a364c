"""A server on this machine that answers as OpenAI's and Gemini's do, with faults if they are asked.

with Loopback(answer=lambda prompt, seed: prompt.upper(), faults=Faults(share=0.3)) as server:
    ...  # server.url is the base URL; server.calls is what was asked

Nothing is simulated: clients meet real sockets, headers, time-outs and resets.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

Answer = Callable[[str, int | None], str]
"""From a prompt, and the seed if the answer is to be sampled, to an answer."""

KINDS: Final = (
    "rate limit",
    "rate limit, retry after",
    "server error",
    "time-out",
    "reset",
    "truncated",
    "empty body",
    "empty answer",
    "wrong type",
)
"""Everything that goes wrong with a server sooner or later."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Which calls go wrong: a `share` of all attempts, drawn by content and `seed`, not by time.

    A call that is repeated is drawn for again, so that it gets through in the end.
    """

    share: float = 0.0
    kinds: tuple[str, ...] = KINDS
    seed: int = 0
    hang: float = 2.0
    """Seconds that a time-out takes: more than the client's patience."""

    def draw(self, content: bytes, attempt: int) -> str | None:
        """Return what goes wrong with the so-manieth attempt at a call, None if nothing."""
        digest = hashlib.sha256(content + f" {attempt} {self.seed}".encode()).digest()
        if int.from_bytes(digest[:4], "little") >= self.share * 2**32:
            return None
        return self.kinds[digest[4] % len(self.kinds)]


@dataclass(slots=True)
class Call:
    """A call as it came in."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Loopback:
    """The server; a context manager. It runs in a thread of its own."""

    answer: Answer
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.0
    """Seconds that every answer takes."""
    calls: list[Call] = field(default_factory=list)
    faulted: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    port: int = 0
    _at_once: int = 0
    _attempts: Counter[bytes] = field(default_factory=Counter)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the server is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port)
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").strip().split("\r\n")
                pairs = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    if not await self._reply(first.split()[1], headers, content, writer):
                        break
                finally:
                    self._at_once -= 1
        writer.close()

    async def _reply(
        self, path: str, headers: dict[str, str], content: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one call; return whether the connection goes on."""
        body = json.loads(content or b"null")
        self.calls.append(Call(path, headers, body))
        self._attempts[content] += 1
        fault = self.faults.draw(content, self._attempts[content])
        await asyncio.sleep(self.latency)
        if fault is not None:
            self.faulted[fault] += 1
        reply = json.dumps(form_reply(path, body, self.answer)).encode()
        match fault:
            case "rate limit":
                _write(writer, 429, b'{"error": {"message": "slow down"}}')
            case "rate limit, retry after":
                _write(writer, 429, b'{"error": {"message": "wait"}}', "Retry-After: 1\r\n")
            case "server error":
                _write(writer, 500, b"<html>internal error</html>", kind="text/html")
            case "time-out":
                await asyncio.sleep(self.faults.hang)
                return False
            case "reset":
                linger = struct.pack("ii", 1, 0)
                peer: socket.socket = writer.get_extra_info("socket")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            case "truncated":
                _write(writer, 200, reply[: len(reply) // 2])
            case "empty body":
                _write(writer, 200, b"")
            case "empty answer":
                empty = form_reply(path, body, lambda prompt, seed: "")
                _write(writer, 200, json.dumps(empty).encode())
            case "wrong type":
                wrong = (b"[1, 2]", b'{"choices": "none"}', b'{"candidates": {"a": 1}}', b'"hello"')
                _write(writer, 200, wrong[len(content) % len(wrong)])
            case _:
                _write(writer, 200, reply)
        await writer.drain()
        return True


def form_reply(path: str, body: Any, answer: Answer) -> dict[str, Any]:
    """Return the reply of the API that `path` belongs to."""
    if path.endswith(":generateContent"):
        config = body.get("generationConfig", {})
        prompt = body["contents"][-1]["parts"][0]["text"]
        said, tokens, cut = _speak(prompt, answer, config, "maxOutputTokens")
        return {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": said}]},
                    "finishReason": "MAX_TOKENS" if cut else "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": len(prompt.split()),
                "candidatesTokenCount": tokens,
                "totalTokenCount": len(prompt.split()) + tokens,
            },
            "modelVersion": path.rpartition("/")[2].partition(":")[0],
        }
    if path.endswith("/chat/completions"):
        prompt = body["messages"][-1]["content"]
        said, tokens, cut = _speak(prompt, answer, body, "max_tokens")
        return {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": said},
                    "finish_reason": "length" if cut else "stop",
                }
            ],
            "usage": {
                "prompt_tokens": len(prompt.split()),
                "completion_tokens": tokens,
                "total_tokens": len(prompt.split()) + tokens,
            },
        }
    return {"text": answer(str(body.get("question", "")), None)}


def _speak(prompt: str, answer: Answer, settings: Any, limit: str) -> tuple[str, int, bool]:
    """Return what is said, in how many tokens (words, and an end), and whether it was cut off."""
    sampled = settings.get("temperature", 0.0) > 0.0
    words = answer(prompt, settings.get("seed", 0) if sampled else None).split()
    most = settings.get(limit, 1_000)
    return " ".join(words[:most]), min(most, len(words) + 1), len(words) >= most


def _write(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    headers: str = "",
    *,
    kind: str = "application/json",
) -> None:
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{headers}\r\n".encode()
        + body
    )
