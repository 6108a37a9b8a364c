"""A utility of the user's: a Python function that rates a system as a whole.

It is named "module:function", and what it is given follows from the names of its parameters:

    def utility(outputs): ...     # a list of Output: every example of the split and its answer
    def utility(model): ...       # a callable: model("a prompt"), or a list of prompts at once
    def utility(model, examples): ...    # and the examples of the split

It returns a number, the higher the better. It runs in a thread of its own, so it may take its time.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from numbers import Real
from typing import Any, Final, overload

from hswarm.engines.request import CallFailed
from hswarm.errors import HswarmError
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.task import Ask, Example

_GIVEN: Final = ("outputs", "model", "examples")
_NAMED: Final = "Name one that Python can import here, as in my_utility:score."


@dataclass(frozen=True, slots=True)
class Output:
    """An example and what the system answered."""

    example: Example
    answer: str

    @property
    def question(self) -> str:
        """What was asked."""
        return self.example.question


class Model:
    """A system as a function, to be called from another thread than the event loop's."""

    def __init__(self, ask: Ask, loop: asyncio.AbstractEventLoop) -> None:
        """Take who asks the system, and the loop that it runs in."""
        self._ask = ask
        self._loop = loop

    @overload
    def __call__(self, prompts: str | Example) -> str: ...
    @overload
    def __call__(self, prompts: list[str | Example]) -> list[str]: ...
    def __call__(self, prompts: str | Example | list[str | Example]) -> str | list[str]:
        """Return the answer to a prompt or an example, or those to several, asked at once."""
        several = prompts if isinstance(prompts, list) else [prompts]

        async def answer() -> list[str]:
            return await asyncio.gather(*(self._ask(_example(one)) for one in several))

        answers = asyncio.run_coroutine_threadsafe(answer(), self._loop).result()
        return answers if isinstance(prompts, list) else answers[0]


class Utility(BaseScorer):
    """Has a function of the user's rate systems; `function` is "module:name"."""

    function: str

    def lacks(self, example: Example) -> str | None:
        """A question is all it takes."""
        return None

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError where there is no such function, or it takes what there is not."""
        _parameters(self.function, self._find())

    def prepare(self, store: Any, purse: Any = None, /) -> None:
        """Keep nothing: what a function says may change with its code."""

    async def aclose(self) -> None:
        """Let go of nobody."""

    def __call__(self, example: Example, answer: str, /) -> float:
        """Refuse: an item has no score of its own."""
        raise HswarmError(
            f"{self.function} rates systems as a whole, and a score for one item is needed.",
            hint="Take a scorer that rates items: hswarm show tasks.",
        )

    async def rate(self, examples: Sequence[Example], ask: Ask, /) -> float:
        """Return what the function says; CallFailed where an answer that it needs is not there."""
        function = self._find()
        wanted = _parameters(self.function, function)
        given: dict[str, Any] = {}
        if "model" in wanted:
            given["model"] = Model(ask, asyncio.get_running_loop())
        if "examples" in wanted:
            given["examples"] = list(examples)
        if "outputs" in wanted:
            answers = await asyncio.gather(*map(ask, examples))
            given["outputs"] = [Output(e, a) for e, a in zip(examples, answers, strict=True)]
        try:
            said = await asyncio.to_thread(function, **given)
        except (CallFailed, HswarmError):
            raise
        except Exception as error:
            raise HswarmError(
                f"{self.function} failed: {type(error).__name__}: {error}.",
                hint="Mend the function, then resume the run.",
            ) from error
        return _number(self.function, said)

    def _find(self) -> Callable[..., Any]:
        module, _, name = self.function.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), name)):
            raise HswarmError(f"{self.function!r} names no function.", hint=_NAMED)
        if "" not in sys.path:  # a program that was installed does not look where it is run
            sys.path.insert(0, "")
        try:
            found = getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise HswarmError(
                f"There is no function {self.function}: {error}.", hint=_NAMED
            ) from None
        except Exception as error:  # the module is the user's, and may do anything when imported
            raise HswarmError(
                f"{module} cannot be imported: {type(error).__name__}: {error}.",
                hint="Mend the module.",
            ) from error
        if not callable(found):
            raise HswarmError(f"{self.function} is no function.", hint="Name a function.")
        function: Callable[..., Any] = found
        return function


def _parameters(name: str, function: Callable[..., Any]) -> frozenset[str]:
    """Return which of what there is a function takes."""
    taken = inspect.signature(function).parameters.values()
    needed = {p.name for p in taken if p.default is inspect.Parameter.empty}
    wanted = frozenset(p.name for p in taken) & set(_GIVEN)
    if not wanted & {"outputs", "model"} or needed - set(_GIVEN):
        raise HswarmError(
            f"{name} takes {', '.join(p.name for p in taken) or 'nothing'}.",
            hint="Call its parameters outputs, or model, and examples where it needs those.",
        )
    return wanted


def _number(name: str, said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, Real) or not math.isfinite(said):
        raise HswarmError(f"{name} returned {said!r:.60}, which is no number.", hint="Return one.")
    return float(said)


def _example(prompt: str | Example) -> Example:
    return prompt if isinstance(prompt, Example) else Example(prompt[:80], prompt, ("",))
