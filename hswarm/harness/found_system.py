"""What a run found, ready to answer a harness's prompts: the run itself, or what it exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from hswarm.agents.pool import pool_of
from hswarm.config import validated
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.errors import HswarmError
from hswarm.pipeline.load import load as load_pipeline
from hswarm.pipeline.manifest import PIPELINE
from hswarm.pipeline.seats import found_system
from hswarm.search.result import Result
from hswarm.session import load
from hswarm.store.run import RESULT, read_config, read_result
from hswarm.tasks.task import Example

Respond = Callable[[str, int], Coroutine[Any, Any, str]]
"""Answers a question in at most so many tokens per node."""
Close = Callable[[], Coroutine[Any, Any, None]]


class FoundSystem:
    """A found system with its models loaded; `close` lets go of them."""

    def __init__(self, folder: str | Path, *, trust: bool = False) -> None:
        """Open a finished run, or a pipeline that was exported; HswarmError if it is neither.

        With `trust` a pipeline may ask models and use tools that are not in its folder.
        """
        path = Path(folder)
        exported = (path / PIPELINE).is_file()
        opened = _open_pipeline(path, trust=trust) if exported else _open_run(path)
        self._respond, self._aclose = opened
        # One loop for all questions, in a thread of its own: a harness may run one already.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hswarm-harness")

    def answer(self, questions: Sequence[str], max_tokens: Sequence[int]) -> list[str]:
        """Return an answer to each question, of at most so many tokens per node.

        Raises `CallFailed` when a node's call fails for good.
        """

        async def answered() -> list[str]:
            return await asyncio.gather(*map(self._respond, questions, max_tokens))

        return self._thread.submit(asyncio.run, answered()).result()

    def close(self) -> None:
        """Let go of the models."""
        self._thread.submit(asyncio.run, self._aclose()).result()
        self._thread.shutdown()


def _open_pipeline(path: Path, *, trust: bool) -> tuple[Respond, Close]:
    pipeline = load_pipeline(path, trust=trust)

    async def respond(question: str, most: int) -> str:
        samplings = [replace(sampling, max_tokens=most) for sampling in pipeline.samplings]
        return (await pipeline.respond(question, samplings=samplings)).answer

    return respond, pipeline.aclose


def _open_run(path: Path) -> tuple[Respond, Close]:
    config, found = read_config(path), read_result(path)
    if found is None:
        raise HswarmError(
            f"The run in {path} is not finished.",
            hint=f"Go on with it: hswarm optimize --resume {quote(str(path))}",
        )
    result = validated(Result, found, str(path / RESULT))
    pool = pool_of(config).open()
    system = found_system(result.found.nodes, pool)
    engine = MemoEngine(load(pool, config).engine)

    async def respond(question: str, most: int) -> str:
        return (await system.answer(Example("", question, ()), engine, Sampling(most))).answer

    return respond, engine.aclose
