"""Everything that a report is made of, gathered from a run's journal, state and memo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hswarm.analysis.dynamics import Dynamics, read_dynamics
from hswarm.analysis.paraphrase import REQUEST, by_rules, read_versions
from hswarm.analysis.roles import Label, judge_prompt, label_by_rules, read_label
from hswarm.aside import aside
from hswarm.engines.request import Engine
from hswarm.report.judge import Judge, judging
from hswarm.report.opened import OpenedRun
from hswarm.report.recall import Recalled, recall, remembering
from hswarm.store.run import read_accounts
from hswarm.system import System, Transcript
from hswarm.tasks.task import Example

LABELLED: Final = 40
"""Dev items whose outputs are labelled."""
JUDGED: Final = 10
"""The same where a judge has to be asked for every output."""
REWORDED: Final = 10
"""Dev questions that are put in ten versions."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a node said, and in which role."""

    iteration: int | None
    """None of the found system."""
    node: int
    label: Label


@dataclass(frozen=True, slots=True)
class Evidence:
    """See the module; recalled scores are by split ("dev", "test") and system."""

    run: OpenedRun
    dynamics: Dynamics
    accounts: Mapping[str, Any]
    found: Mapping[str, Recalled]
    singles: Mapping[str, Mapping[str, Recalled]]
    moved: Mapping[str, Mapping[str, Recalled]]
    outputs: Sequence[Output] = ()
    judge: str | None = None
    """Who labelled and paraphrased; None: local rules."""
    rewordings: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """System -> per question its answers to the versions; empty if the models were not asked."""

    def complete(self, systems: Mapping[str, Mapping[str, Recalled]]) -> str | None:
        """Return the split on which all of `systems` are known: test, else dev, else None.

        A few unknown items (1 in 50) are no obstacle: their calls failed for good.
        """
        for split in ("test", "dev"):
            known = [recalled.known for recalled in systems[split].values()]
            items = len(self.found[split].scores)
            if known and min(known) >= 0.98 * items and items:
                return split
        return None


async def gather(run: OpenedRun, *, ask: bool, judge: str | None) -> Evidence:
    """Gather the evidence; with `ask` from the models, too, with a `judge` labels from that."""
    task = run.task
    splits: dict[str, Sequence[Example]] = {"dev": task.dev, "test": task.test}
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(remembering(run, ask=ask))
        someone = (
            await stack.enter_async_context(judging(judge, run.pool, run.record.folder))
            if judge is not None
            else None
        )
        found = {
            split: (await recall({"": run.found()}, examples, task, engine))[""]
            for split, examples in splits.items()
        }
        singles = {s: await recall(run.singles(), e, task, engine) for s, e in splits.items()}
        moved = {s: await recall(run.moved(), e, task, engine) for s, e in splits.items()}
        outputs = await _label(run, engine, someone)
        rewordings = await _reword(run, engine, someone) if ask else {}
    return Evidence(
        run=run,
        dynamics=read_dynamics(run.record.events()),
        accounts=read_accounts(run.record.folder),
        found=found,
        singles=singles,
        moved=moved,
        outputs=outputs,
        judge=someone.name if someone is not None else None,
        rewordings=rewordings,
    )


async def _label(run: OpenedRun, engine: Engine, judge: Judge | None) -> list[Output]:
    """Label what the nodes of the found system, and of the best one of each iteration, said."""
    bests = [(iteration, best.system(run.roster)) for iteration, best in run.bests()]
    return await _label_each([*bests, (None, run.found())], run, engine, judge)


def label_found(run: OpenedRun) -> list[Output]:
    """Label what the nodes of the found system said, by local rules."""

    async def labelled() -> list[Output]:
        async with remembering(run, ask=False) as engine:
            return await _label_each([(None, run.found())], run, engine, None)

    return aside(lambda: asyncio.run(labelled()))


async def _label_each(
    systems: Sequence[tuple[int | None, System]],
    run: OpenedRun,
    engine: Engine,
    judge: Judge | None,
) -> list[Output]:
    examples = run.task.dev[: JUDGED if judge is not None else LABELLED]
    labelled = []
    for iteration, system in systems:
        recalled = (await recall({"": system}, examples, run.task, engine))[""]
        for example, transcript in zip(examples, recalled.transcripts, strict=True):
            if transcript is None:
                continue
            labels = (
                _by_rules(system, transcript)
                if judge is None
                else await _by_judge(judge, example, transcript)
            )
            labelled += [
                Output(iteration, node, label)
                for node, label in enumerate(labels)
                if label is not None
            ]
    return labelled


def _by_rules(system: System, transcript: Transcript) -> list[Label | None]:
    said = [turn.completion.text for turn in transcript.turns]
    return [
        label_by_rules(text, [said[parent] for parent in system.dag.parents[node]])
        for node, text in enumerate(said)
    ]


async def _by_judge(judge: Judge, example: Example, transcript: Transcript) -> list[Label | None]:
    prompts = [judge_prompt(example.question, t.completion.text) for t in transcript.turns]
    return [read_label(reply) if reply else None for reply in await judge.ask(prompts)]


async def _reword(
    run: OpenedRun, engine: Engine, judge: Judge | None
) -> dict[str, list[list[str]]]:
    """Put some questions in ten versions to the found system and to the best single model."""
    examples = run.task.dev[:REWORDED]
    if judge is None:
        versions = [by_rules(example.question) for example in examples]
    else:
        replies = await judge.ask([REQUEST.format(question=e.question) for e in examples])
        versions = [read_versions(reply or "") for reply in replies]
    asked = [
        [replace(example, question=version) for version in of_it]
        for example, of_it in zip(examples, versions, strict=True)
    ]
    systems = {"found system": run.found()}
    alone = run.singles()
    singles = {n.agent for r in run.result.compared if r.name == "best single" for n in r.nodes}
    systems |= {f"best single ({name})": alone[name] for name in alone if name in singles}
    flat = [example for of_it in asked for example in of_it]
    answers: dict[str, list[list[str]]] = {}
    for name, recalled in (await recall(systems, flat, run.task, engine)).items():
        said = iter(recalled.transcripts)
        grouped = [[next(said) for _ in of_it] for of_it in asked]
        answers[name] = [
            texts for group in grouped if (texts := [t.answer for t in group if t is not None])
        ]
    return answers
