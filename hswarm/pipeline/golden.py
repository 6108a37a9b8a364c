"""Golden answers: a few questions with every node's words, to be said again, word for word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hswarm.engines.request import Completion, Request
from hswarm.pipeline.contents import Blueprint
from hswarm.pipeline.manifest import GoldenItem, GoldenTurn
from hswarm.pipeline.pipeline import Pipeline
from hswarm.system import Transcript, share_context
from hswarm.tasks.task import Example


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer parted from the golden one: the first node in topological order."""

    item: str
    node: int
    prompt: bool
    """Whether the node was already given something else."""
    expected: str
    said: str


async def record(pipeline: Pipeline, examples: Sequence[Example]) -> list[GoldenItem]:
    """Ask a pipeline every example, all at once, and note every node's words."""
    transcripts = await asyncio.gather(
        *(
            pipeline.respond(example.question, context_chunks=example.context_chunks)
            for example in examples
        )
    )
    return [
        GoldenItem(
            id=example.id,
            question=example.question,
            context_chunks=example.context_chunks,
            turns=_turns(transcript),
            answer=transcript.answer,
        )
        for example, transcript in zip(examples, transcripts, strict=True)
    ]


async def repeat(pipeline: Pipeline, golden: Sequence[GoldenItem]) -> list[Difference]:
    """Ask the golden questions again, all at once; return where the answers part, if they do."""
    transcripts = await asyncio.gather(
        *(pipeline.respond(item.question, context_chunks=item.context_chunks) for item in golden)
    )
    found = (
        _compare(item, transcript, pipeline.system.dag.order)
        for item, transcript in zip(golden, transcripts, strict=True)
    )
    return [difference for difference in found if difference is not None]


@dataclass(slots=True, eq=False)
class Golden:
    """An engine that says what an agent said in golden answers, by what it was asked."""

    answers: dict[str, str] = field(default_factory=dict)

    async def generate(self, request: Request, /) -> Completion:
        """Return the golden answer, "" where it is asked something else.

        Then another node, before it, has said something else already.
        """
        return Completion(self.answers.get(request.key(), ""), 0, 0)


async def stand_in(blueprint: Blueprint, agent: str, golden: Sequence[GoldenItem]) -> Golden:
    """Return who says in place of `agent` what it said in the golden answers."""
    system, engine = blueprint.system(), Golden()
    dag, samplings = system.dag, blueprint.graph.samplings()
    asked = _Asked()
    for item in golden:
        contexts = share_context(item.context_chunks, dag)
        for node, name in enumerate(blueprint.agents):
            if name == agent:
                responses = [item.turns[parent].answer for parent in dag.parents[node]]
                prompt = system.prompt(node, responses, contexts[node], item.question)
                await system.ask(prompt, asked, samplings[node])
                engine.answers[asked.last] = item.turns[node].answer
    return engine


@dataclass(slots=True)
class _Asked:
    """An engine that only notes what it is asked."""

    last: str = ""

    async def generate(self, request: Request, /) -> Completion:
        self.last = request.key()
        return Completion("", 0, 0)


def _turns(transcript: Transcript) -> tuple[GoldenTurn, ...]:
    return tuple(
        GoldenTurn(prompt=turn.prompt, answer=turn.completion.text) for turn in transcript.turns
    )


def _compare(item: GoldenItem, transcript: Transcript, order: Sequence[int]) -> Difference | None:
    said = _turns(transcript)
    for node in order:
        expected, now = item.turns[node], said[node]
        if now.prompt != expected.prompt:
            return Difference(item.id, node, True, expected.prompt, now.prompt)
        if now.answer != expected.answer:
            return Difference(item.id, node, False, expected.answer, now.answer)
    return None
