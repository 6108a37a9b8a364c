"""An engine that remembers: what was answered in a run, without any of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hswarm.engines.memo import MemoStore
from hswarm.engines.request import CallFailed, Completion, Engine, Request


@dataclass(frozen=True, slots=True)
class RecordedEngine:
    """Answers from `stores`, the first that knows; what none does it asks of `otherwise`."""

    stores: Sequence[MemoStore]
    otherwise: Engine | None = None

    async def generate(self, request: Request, /) -> Completion:
        """Return the recorded answer; raises `CallFailed` where there is none."""
        key = request.key()
        for store in self.stores:
            found = store.load(key)
            if found is not None:
                return found.completion
        if self.otherwise is None:
            raise CallFailed("not recorded")
        return await self.otherwise.generate(request)
