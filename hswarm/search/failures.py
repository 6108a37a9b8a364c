"""Calls that fail for good: a few are reported, many mean that something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hswarm.engines.request import CallFailed, Completion, Engine, Request
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError

_EARLY: Final = 10
"""Failures that are enough to stop in the middle of a step."""


@dataclass(slots=True)
class FailureLimit:
    """Passes requests on until more than a `share` of the calls have failed.

    `usage` counts the calls of this process. `to_resume` is the command to go on with.
    """

    inner: Engine
    usage: Usage
    share: float
    to_resume: str
    _last: str = ""

    async def generate(self, request: Request, /) -> Completion:
        """Answer `request`; HswarmError instead of `CallFailed` when it is one too many."""
        try:
            return await self.inner.generate(request)
        except CallFailed as failure:
            self._last = str(failure)
            if self.usage.failed >= _EARLY:
                self.check()
            raise

    def check(self) -> None:
        """Raise HswarmError if too many calls have failed. To be called at the end of a step."""
        failed, called = self.usage.failed, self.usage.called
        if failed > self.share * called:
            raise HswarmError(
                f"{failed} of {called} calls failed for good, more than {self.share:.1%};"
                f" the last: {self._last}",
                hint=f"Mend what is wrong, then go on: {self.to_resume}"
                " (or let more calls fail: --max-failed).",
            )
