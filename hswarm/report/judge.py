"""A judge: a remote model that labels roles and writes paraphrases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hswarm.agents.opened import OpenPool
from hswarm.catalog import is_file, read_yaml, unknown
from hswarm.config import EngineConfig, validated
from hswarm.engines.assemble import assemble
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import CallFailed, Engine, Remote, Request, Sampling
from hswarm.errors import HswarmError
from hswarm.store.memo import SqliteMemo

JUDGED: Final = "judged.sqlite"
"""What the judge said, in the run's folder: it is asked, and paid, once."""
_MOST: Final = 512
"""Tokens of a reply."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Somebody who can be asked."""

    name: str
    model: Remote
    engine: Engine

    async def ask(self, prompts: Sequence[str]) -> list[str | None]:
        """Return the replies in order, None where a call failed for good."""

        async def reply(prompt: str) -> str | None:
            try:
                request = Request(self.model, prompt, Sampling(max_tokens=_MOST))
                return (await self.engine.generate(request)).text
            except CallFailed:
                return None

        return await asyncio.gather(*map(reply, prompts))


@asynccontextmanager
async def judging(name: str, pool: OpenPool, folder: Path) -> AsyncIterator[Judge]:
    """Yield the judge `name`: a remote model of the pool, or a YAML file with an entry for one.

    Raises HswarmError if there is no such model, or it cannot be asked.
    """
    if is_file(name):
        endpoint = validated(Endpoint, read_yaml(Path(name)), name)
        title = Path(name).stem
    elif name in pool.remote:
        endpoint, title = pool.remote[name], name
    elif pool.remote:
        raise unknown("remote model in the pool", name, pool.remote)
    else:
        raise HswarmError(
            f"{name!r} cannot judge: the pool has no remote models, and there is no such file.",
            hint="Name a YAML file with the keys of a remote model: model, base_url, key.",
        )
    with SqliteMemo(folder / JUDGED) as store:
        router = assemble((), EngineConfig(), remote={title: endpoint})
        engine = MemoEngine(router, store)
        try:
            yield Judge(title, endpoint.reference, engine)
        finally:
            await engine.aclose()
