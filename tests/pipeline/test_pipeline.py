"""A pipeline that was loaded: scripts, notebooks, coroutines, other people's loops."""

import asyncio
from dataclasses import replace

import pytest

import hswarm
from hswarm.config import EngineConfig
from hswarm.engines.request import CallFailed
from hswarm.system import NodeEnded, NodeStarted

QUESTION = "What is the bell's owner's city?"
CHUNKS = ("ring's owner is Pia.", "bell's owner is Dirk.")


def test_answer_and_respond_say_the_same(pipeline):
    said = pipeline.answer(QUESTION, context_chunks=CHUNKS)

    assert said.answer == said.turns[2].completion.text
    assert asyncio.run(pipeline.respond(QUESTION, context_chunks=CHUNKS)) == said
    assert pipeline.answer(QUESTION) != said


def test_it_answers_where_a_loop_is_running_already(pipeline):
    async def cell():
        return pipeline.answer(QUESTION, context_chunks=CHUNKS)

    assert asyncio.run(cell()) == pipeline.answer(QUESTION, context_chunks=CHUNKS)


def test_many_at_once_share_batches(exported):
    with hswarm.load(exported, engine=EngineConfig(threads=1)) as pipeline:
        questions = [f"What is {name}'s friend's job?" for name in ("Ada", "Ben", "Pia", "Dirk")]

        async def all_of_them():
            return await asyncio.gather(*map(pipeline.respond, questions))

        together = asyncio.run(all_of_them())
        assert pipeline.usage.work.flushes == len(pipeline.system.dag.layers())
        assert together == [pipeline.answer(question) for question in questions]


def test_what_nobody_asked_before_is_generated_and_the_rest_remembered(pipeline):
    pipeline.answer("What is Pia's pet?")
    before = pipeline.usage.snapshot()
    pipeline.answer("What is Pia's pet?")

    assert pipeline.usage.generated == before["generated"]
    assert pipeline.usage.answered == before["answered"] + 4


def test_nodes_are_watched_in_topological_order(pipeline):
    events = []
    said = asyncio.run(pipeline.respond(QUESTION, context_chunks=CHUNKS, observe=events.append))

    assert [e.node for e in events if isinstance(e, NodeStarted)] == [1, 3, 0, 2]
    assert {e.node: e.turn for e in events if isinstance(e, NodeEnded)} == dict(
        enumerate(said.turns)
    )
    started = {e.node: e for e in events if isinstance(e, NodeStarted)}
    assert [started[node].prompt for node in range(4)] == [turn.prompt for turn in said.turns]


def test_nodes_may_decode_otherwise(pipeline):
    short = [replace(sampling, max_tokens=1) for sampling in pipeline.samplings]
    said = asyncio.run(
        pipeline.respond(
            QUESTION, context_chunks=CHUNKS, samplings=(*pipeline.samplings[:2], *short[2:])
        )
    )

    assert said.turns[2].completion.truncated
    assert said.turns[2].completion.generated_tokens == 1
    assert said.turns[1].completion.generated_tokens > 1


def test_turn_by_turn_it_says_the_same(pipeline):
    said = pipeline.answer(QUESTION, context_chunks=CHUNKS)

    async def by_hand():
        answers, turns = {}, {}
        for node in pipeline.system.dag.order:
            turns[node] = await pipeline.take_turn(node, QUESTION, answers, context_chunks=CHUNKS)
            answers[node] = turns[node].completion.text
        return tuple(turns[node] for node in range(4))

    assert asyncio.run(by_hand()) == said.turns


def test_a_question_that_is_too_long_is_a_failed_call(pipeline):
    with pytest.raises(CallFailed, match="tokens"):
        pipeline.answer("word " * 5000)
    assert pipeline.answer(QUESTION).answer
