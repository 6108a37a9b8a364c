"""What models said in a run, built again from its memo; and, where wanted, what they did not say.

A run keeps no transcripts: its journal names every system that was evaluated and its memo holds
every distinct answer, so that what each node was given and said follows without a model. What was
never asked in the run, such as the single models' answers to the test items, can be asked
afterwards. Those answers go into a file of their own: the run's memo stays what the run made it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from hswarm.aside import aside
from hswarm.engines.memo import MemoEngine
from hswarm.engines.recorded import RecordedEngine
from hswarm.engines.request import CallFailed, Engine, Sampling
from hswarm.errors import HswarmError
from hswarm.evaluate import evaluate
from hswarm.report.opened import OpenedRun
from hswarm.session import load
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import MEMO
from hswarm.system import System, Transcript
from hswarm.tasks.task import Example, Task, Whole

ASKED: Final = "asked.sqlite"
"""Answers that were asked for after the run."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """How a system did on some examples, in order; None where it is not known."""

    scores: tuple[float | None, ...]
    transcripts: tuple[Transcript | None, ...]

    @property
    def known(self) -> int:
        """How many examples are known."""
        return sum(score is not None for score in self.scores)

    @property
    def utility(self) -> float | None:
        """The mean score over what is known."""
        scored = [score for score in self.scores if score is not None]
        return sum(scored) / len(scored) if scored else None


@asynccontextmanager
async def remembering(run: OpenedRun, *, ask: bool) -> AsyncIterator[Engine]:
    """Yield an engine that knows what was answered in a run, and afterwards.

    With `ask` the models are loaded and answer what is not known yet. HswarmError if the run kept
    no answers, or a model is not to be had.
    """
    folder = run.record.folder
    if not (folder / MEMO).is_file():
        raise HswarmError(
            f"The run in {folder} kept no answers: its memo is not there.",
            hint="Runs keep them unless engine.memo is false.",
        )
    with ExitStack() as stack:
        memo = stack.enter_context(SqliteMemo(folder / MEMO))
        if not ask and not (folder / ASKED).is_file():
            yield RecordedEngine([memo])
            return
        asked = stack.enter_context(SqliteMemo(folder / ASKED))
        if not ask:
            yield RecordedEngine([memo, asked])
            return
        # Opened when something is missing: where all is known no model is loaded.
        engine = RecordedEngine(
            [memo], lambda: MemoEngine(load(run.found_pool(), run.record.config).engine, asked)
        )
        try:
            yield engine
        finally:
            await engine.aclose()


async def recall(
    systems: Mapping[str, System], examples: Sequence[Example], task: Task, engine: Engine
) -> dict[str, Recalled]:
    """Return how each system did on the examples, as far as `engine` can answer."""
    transcripts: list[list[Transcript | None]] = [[None] * len(examples) for _ in systems]

    def keep(system: int, example: int, transcript: Transcript) -> None:
        transcripts[system][example] = transcript

    evaluations = await evaluate(
        list(systems.values()),
        examples,
        _unrated if isinstance(task.scorer, Whole) else task.scorer,
        engine,
        Sampling(max_tokens=task.max_tokens),
        on_transcript=keep,
    )
    return {
        name: Recalled(evaluation.scores, tuple(said))
        for name, evaluation, said in zip(systems, evaluations, transcripts, strict=True)
    }


def _unrated(example: Example, answer: str) -> float:
    """Give an item no score, where systems are rated as a whole."""
    raise CallFailed("an item has no score of its own")


def find_example(run: OpenedRun, identifier: str) -> tuple[str, Example]:
    """Return the split and the item of a task, by its id or its place in the split, from 0.

    "dev:3" and "test:3" say which split; without, dev is looked through first. HswarmError if there
    is no such item.
    """
    splits = {"dev": run.task.dev, "test": run.task.test}
    split, colon, name = identifier.partition(":")
    if not (colon and split in splits):
        name = identifier
    else:
        splits = {split: splits[split]}
    for place, examples in splits.items():
        for example in examples:
            if example.id == name:
                return place, example
    for place, examples in splits.items():
        if name.isdecimal() and int(name) < len(examples):
            return place, examples[int(name)]
    raise HswarmError(
        f"{run.task.title} has no item {identifier!r}.",
        hint=f"For example: {run.task.dev[0].id}, or test:0 for the first of test.",
    )


@dataclass(frozen=True, slots=True)
class ItemStory:
    """One problem through the found graph, and what the single models said."""

    split: str
    example: Example
    found: Recalled
    singles: Mapping[str, Recalled]


def tell_item(run: OpenedRun, identifier: str, *, ask: bool) -> ItemStory:
    """Return an item's story; with `ask`, models answer what they were not asked in the run."""
    split, example = find_example(run, identifier)

    async def told() -> ItemStory:
        async with remembering(run, ask=ask) as engine:
            found = await recall({"": run.found()}, [example], run.task, engine)
            singles = await recall(run.singles(), [example], run.task, engine)
        return ItemStory(split, example, found[""], singles)

    return aside(lambda: asyncio.run(told()))


def recall_singles(run: OpenedRun) -> dict[str, float] | None:
    """Return every agent's utility on dev alone; None where a run did not ask them all."""

    async def recalled() -> dict[str, Recalled]:
        async with remembering(run, ask=False) as engine:
            return await recall(run.singles(), run.task.dev, run.task, engine)

    utilities = {
        name: single.utility for name, single in aside(lambda: asyncio.run(recalled())).items()
    }
    known = {name: utility for name, utility in utilities.items() if utility is not None}
    return known if len(known) == len(utilities) else None
