"""Tasks of Inspect: their samples, what their solvers make of them, and their scorers, unchanged.

`inspect:path.py@task` or the registered name of one, such as `inspect:inspect_evals/gsm8k`. A
task's solvers run up to where they ask the model: that is the question. To score an answer they run
again with the answer in the model's place, and go on to the task's first scorer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from hswarm.config import Limits
from hswarm.engines.request import CallFailed
from hswarm.errors import HswarmError
from hswarm.tasks.content import split_items
from hswarm.tasks.task import Example, Task

MOST: Final = (200, 1000)
"""Items of dev and test, as in the papers, where no limit is given."""
_TOKENS: Final = 256
_MODEL: Final = "none/none"


class _Asked(Exception):  # noqa: N818  (how a solver is stopped, not an error)
    """A solver has come to its question."""


def load(name: str, limits: Limits) -> Task:
    """Return a task of Inspect; its samples are shared out between dev and test by a fixed seed.

    HswarmError if there is no such task, or if it takes more than one question and its answer:
    tools, a sandbox, or solvers that ask twice.
    """
    source = _open(name)
    if source.sandbox is not None:
        raise HswarmError(
            f"inspect:{name} runs in a sandbox: it is not a question and its answer.",
            hint="Take a task without tools.",
        )
    samples = {f"{place:04d}": sample for place, sample in enumerate(source.dataset)}
    if len(samples) < 2 or not source.scorer:
        raise HswarmError(
            f"inspect:{name} has {len(samples)} samples and {len(source.scorer or [])} scorers.",
            hint="It takes two samples, one for dev and one for test, and a scorer.",
        )
    of_dev, of_test = (limit or most for limit, most in zip(limits, MOST, strict=True))
    split = split_items([{"id": key} for key in samples], of_dev)
    keys = {
        part: [str(item["id"]) for item in split[part]][:most]
        for part, most in (("dev", of_dev), ("test", of_test))
    }
    asking = InspectScorer(source, samples)
    used = [*keys["dev"], *keys["test"]]
    questions = dict(zip(used, _wait(asking.questions(used, name)), strict=True))
    splits = [
        tuple(Example(key, questions[key], _targets(samples[key].target)) for key in keys[part])
        for part in ("dev", "test")
    ]
    content = [[(e.id, e.question, e.answers) for e in split] for split in splits]
    text = json.dumps([name, str(source.version), content], ensure_ascii=False)
    return Task(
        name=f"inspect:{name}",
        title=f"inspect:{name}",
        dev=splits[0],
        test=splits[1],
        scorer=asking,
        scorer_name=f"inspect {name}",
        max_tokens=source.config.max_tokens or _TOKENS,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


class InspectScorer:
    """Scores an answer by the task's own solvers and its first scorer, as a number."""

    def __init__(self, source: Any, samples: Mapping[str, Any]) -> None:
        """`samples` are the task's, by the id of our example."""
        self._source = source
        self._samples = samples

    async def questions(self, keys: Sequence[str], name: str) -> list[str]:
        """Return what the model is asked about each sample; HswarmError if it is not asked once."""
        return [await self._question(key, name) for key in keys]

    async def __call__(self, example: Example, answer: str, /) -> float:
        """Return the score; raises `CallFailed` if the task's own code fails."""
        from inspect_ai.scorer import Target, value_to_float  # noqa: PLC0415

        sample = self._samples[example.id]
        try:
            state = await self._solve(sample, answer)
            score = await self._source.scorer[0](state, Target(sample.target))
            return float(value_to_float()(score.value))
        except Exception as error:
            raise CallFailed(f"Inspect's scorer failed: {error}") from error

    async def _question(self, key: str, name: str) -> str:
        state = _state_of(self._samples[key], key)

        async def generate(state: Any, *args: Any, **kwargs: Any) -> Any:
            if state.tools:
                raise HswarmError(
                    f"inspect:{name} gives the model tools: it is not a question and its answer.",
                    hint="Take a task without tools.",
                )
            raise _Asked("\n\n".join(m.text for m in state.messages if m.text))

        try:
            await self._run(state, generate)
        except _Asked as asked:
            return str(asked)
        raise HswarmError(
            f"inspect:{name} asks the model nothing about sample {key}.",
            hint="Its solvers must call generate.",
        )

    async def _solve(self, sample: Any, answer: str) -> Any:
        from inspect_ai.model import ChatMessageAssistant, ModelOutput  # noqa: PLC0415

        answered: list[str] = []

        async def generate(state: Any, *args: Any, **kwargs: Any) -> Any:
            if answered:
                raise ValueError("the task's solvers ask more than once")
            answered.append(answer)
            state.messages.append(ChatMessageAssistant(content=answer))
            state.output = ModelOutput.from_content(_MODEL, answer)
            return state

        return await self._run(_state_of(sample, "0"), generate)

    async def _run(self, state: Any, generate: Any) -> Any:
        from inspect_ai.solver import chain  # noqa: PLC0415

        setup = self._source.setup
        solvers = [*(setup if isinstance(setup, list) else [setup] if setup else [])]
        solvers.append(self._source.solver)
        return await chain(*solvers)(state, generate)


def _open(name: str) -> Any:
    try:
        from inspect_ai._eval.loader import load_tasks  # noqa: PLC0415
    except ImportError:
        raise HswarmError(
            f"The task inspect:{name} needs Inspect.", hint="pip install 'hswarm[inspect]'"
        ) from None
    try:
        tasks = load_tasks([name])
    except Exception as error:
        raise HswarmError(
            f"inspect:{name} cannot be loaded: {' '.join(str(error).split())[:200]}",
            hint="As for `inspect eval`: a file, FILE@TASK, or a registered name.",
        ) from None
    if len(tasks) != 1:
        names = ", ".join(f"inspect:{name}@{task.name}" for task in tasks[:5])
        raise HswarmError(
            f"inspect:{name} is {len(tasks)} tasks.",
            hint=f"Name one: {names}" if names else "As for `inspect eval`: FILE@TASK.",
        )
    return tasks[0]


def _state_of(sample: Any, key: str) -> Any:
    from inspect_ai.model import ChatMessageUser, ModelName  # noqa: PLC0415
    from inspect_ai.scorer import Target  # noqa: PLC0415
    from inspect_ai.solver import TaskState  # noqa: PLC0415

    said = sample.input
    messages = [ChatMessageUser(content=said)] if isinstance(said, str) else list(said)
    return TaskState(
        model=ModelName(_MODEL),
        sample_id=key,
        epoch=1,
        input=said,
        messages=messages,
        target=Target(sample.target),
        choices=list(sample.choices or []),
        metadata=dict(sample.metadata or {}),
    )


def _targets(target: str | Sequence[str]) -> tuple[str, ...]:
    return (target,) if isinstance(target, str) else tuple(target)


def _wait(questions: Any) -> list[str]:
    """Run to the end, in a thread of its own: where this is called a loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return list(thread.submit(asyncio.run, questions).result())
