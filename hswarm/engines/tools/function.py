"""A Python function as a tool, found by the name under which its package announces it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from hswarm.engines.request import CallFailed
from hswarm.engines.tools.given import Given
from hswarm.errors import HswarmError

GROUP: Final = "hswarm.tools"


@dataclass(frozen=True, slots=True)
class Announced:
    """An entry point of the group `hswarm.tools`."""

    point: EntryPoint

    @property
    def version(self) -> str:
        """Where the function is, and which version of its package."""
        package = self.point.dist
        return f"{self.point.value} {package.name} {package.version}" if package else "?"

    def load(self) -> Callable[..., Any]:
        """Import the function; HswarmError if that fails or it is none."""
        try:
            function = self.point.load()
        except Exception as error:
            raise HswarmError(
                f"The tool {self.point.name!r} cannot be imported from {self.point.value}: {error}",
                hint="Mend or reinstall the package that it comes from.",
            ) from None
        if not callable(function):
            raise HswarmError(
                f"The tool {self.point.name!r} is no function but {type(function).__name__}.",
                hint="It is called with question, context and responses, and returns a text.",
            )
        return function  # type: ignore[no-any-return]


def find_function(name: str) -> Announced:
    """Return the function announced as `name`; HswarmError if there is none."""
    found = entry_points(group=GROUP, name=name)
    for point in found:
        return Announced(point)
    there = sorted({point.name for point in entry_points(group=GROUP)})
    raise HswarmError(
        f"No installed package announces a tool {name!r}.",
        hint=f"Those there are: {', '.join(there)}."
        if there
        else f'In its pyproject.toml: [project.entry-points."{GROUP}"] {name} = "module:function"',
    )


class FunctionTool:
    """Calls the function, each time in a thread that nobody waits for longer than is right."""

    def __init__(self, name: str) -> None:
        """HswarmError if it cannot be imported."""
        self._function = find_function(name).load()

    async def __call__(self, given: Given) -> str:
        """Return what the function returns; `CallFailed` if it raises or it is no text."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def settle(value: Any, error: Exception | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(CallFailed(f"{type(error).__name__}: {error}"))
            else:
                answer.set_result(value)

        def work() -> None:
            value, failure = None, None
            try:
                value = self._function(given.question, given.context, given.responses)
            except Exception as error:
                failure = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, value, failure)

        # A daemon: a function that never returns must not keep the process from its end.
        threading.Thread(target=work, name="hswarm-tool", daemon=True).start()
        text = await answer
        if not isinstance(text, str):
            raise CallFailed(f"it returned no text but {type(text).__name__}")
        return text
