"""What a run found, ready to answer prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hswarm.agents.pool import read_pool
from hswarm.api import experts_of, load_runner
from hswarm.catalog import find
from hswarm.config import validated
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Sampling
from hswarm.errors import HswarmError
from hswarm.search.result import Result, assemble
from hswarm.store.run import read_config, read_result
from hswarm.tasks.task import Example


class FoundSystem:
    """The system that a run found, with its models loaded; `close` lets go of them."""

    def __init__(self, folder: str | Path) -> None:
        """Open the run in `folder`; HswarmError if it is not finished or its pool is gone."""
        path = Path(folder)
        config, found = read_config(path), read_result(path)
        if found is None:
            raise HswarmError(
                f"The run in {path} is not finished.", hint=f"hswarm optimize --resume {path}"
            )
        result = validated(Result, found, str(path / "result.json"))
        family = read_pool(find("agents", config.pool)).open()
        self.name = path.name
        self._system = assemble(result.found.nodes, experts_of(family))
        self._engine = MemoEngine(BatchingEngine(load_runner(family, config)))
        # One loop for all questions, in a thread of its own: a harness may run one already.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hswarm-harness")

    def answer(self, questions: Sequence[str], max_tokens: Sequence[int]) -> list[str]:
        """Return an answer to each question, of at most so many tokens per node.

        Raises `CallFailed` when a node's call fails for good.
        """

        async def answered() -> list[str]:
            return list(
                await asyncio.gather(
                    *(self._respond(q, most) for q, most in zip(questions, max_tokens, strict=True))
                )
            )

        return self._thread.submit(asyncio.run, answered()).result()

    async def _respond(self, question: str, most: int) -> str:
        example = Example("", question, ())
        return (await self._system.answer(example, self._engine, Sampling(most))).answer

    def close(self) -> None:
        """Let go of the models."""
        self._thread.submit(asyncio.run, self._engine.aclose()).result()
        self._thread.shutdown()
