"""Golden answers: a few questions with every node's words, to be said again, word for word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hswarm.pipeline.manifest import GoldenItem, GoldenTurn
from hswarm.pipeline.pipeline import Pipeline
from hswarm.system import Transcript
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
