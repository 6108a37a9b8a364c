"""An engine that remembers: what was answered in a run, without its models as long as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hswarm.engines.memo import MemoStore
from hswarm.engines.request import CallFailed, Completion, Engine, Request
from hswarm.engines.router import Closing


@dataclass(slots=True, eq=False)
class RecordedEngine:
    """Answers from `stores`, the first that knows; what none does is asked of another engine.

    `open_engine` opens that one when it is needed; None if nobody is to be asked.
    """

    stores: Sequence[MemoStore]
    open_engine: Callable[[], Engine] | None = None
    _engine: Engine | None = None

    async def generate(self, request: Request, /) -> Completion:
        """Return the recorded answer, or a new one; raises `CallFailed` where there is none."""
        key = request.key()
        for store in self.stores:
            found = store.load(key)
            if found is not None:
                return found.completion
        if self.open_engine is None:
            raise CallFailed("not recorded")
        if self._engine is None:
            self._engine = self.open_engine()
        return await self._engine.generate(request)

    async def aclose(self) -> None:
        """End the engine that was opened, if one was."""
        if isinstance(self._engine, Closing):
            await self._engine.aclose()
