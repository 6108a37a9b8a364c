import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.agents.agent import ModelAgent
from hswarm.agents.prompts import INSTRUCTIONS, write_prompt
from hswarm.engines.request import Blend, CallFailed, Completion, Sampling
from hswarm.evaluate import evaluate
from hswarm.graph.dag import Dag
from hswarm.graph.shapes import chain, star
from hswarm.system import NodeEnded, NodeStarted, System, prompt_role, share_context
from hswarm.tasks.task import Example

SAMPLING = Sampling(max_tokens=8)


class Echo:
    """Answers with the name of the model and how many requests came before."""

    def __init__(self, failing: str = "") -> None:
        self.prompts: dict[str, str] = {}
        self.failing = failing

    async def generate(self, request, /):
        name = request.model.family
        self.prompts[name] = request.prompt
        await asyncio.sleep(0)
        if name == self.failing:
            raise CallFailed("scripted")
        return Completion(f"I am\n{name}", 1, 1)


def system_of(dag: Dag) -> System:
    return System(dag, tuple(ModelAgent(f"m{k}", Blend(f"m{k}", ())) for k in range(len(dag))))


def answer(dag: Dag, example: Example, engine: Echo):
    return asyncio.run(system_of(dag).answer(example, engine, SAMPLING))


def test_each_node_gets_the_papers_text_for_its_place():
    engine = Echo()
    transcript = answer(chain([2, 0, 1]), Example("x", "Why?", ("",)), engine)

    assert engine.prompts["m2"] == f"{INSTRUCTIONS['entry']}\nQuestion: Why?"
    assert engine.prompts["m0"] == (
        f"{INSTRUCTIONS['middle']}\nPrevious response 1: I am m2\nQuestion: Why?"
    )
    assert engine.prompts["m1"] == (
        f"{INSTRUCTIONS['middle']} Make sure to provide a final and definitive answer.\n"
        "Previous response 1: I am m0\nQuestion: Why?"
    )
    assert transcript.answer == "I am\nm1"
    assert [turn.agent for turn in transcript.turns] == ["m0", "m1", "m2"]


def test_parents_speak_in_the_order_of_their_index():
    engine = Echo()
    answer(star([3, 2, 1, 0]), Example("x", "Why?", ("",)), engine)

    lines = engine.prompts["m0"].splitlines()[1:3]
    assert lines == ["Previous response 1: I am m1", "Previous response 2: I am m2"]


def test_a_lone_node_gets_the_entry_text():
    assert prompt_role(Dag(((),)), 0) == "entry"


def test_the_context_comes_before_the_question():
    prompt = write_prompt("entry", [], "It rains.", "Why?")

    assert prompt.splitlines()[1:] == ["Context: It rains.", "Question: Why?"]


@given(st.integers(1, 14), st.integers(0, 30), st.randoms())
def test_no_chunk_of_the_context_is_dropped_or_out_of_order(nodes, chunks, random):
    order = list(range(nodes))
    random.shuffle(order)
    dag = chain(order)
    texts = [f"c{k}" for k in range(chunks)]

    shares = share_context(texts, dag)

    assert " ".join(share for node in dag.order if (share := shares[node])) == " ".join(texts)
    if chunks == nodes:
        assert [shares[node] for node in dag.order] == texts


def test_agents_must_match_the_nodes():
    with pytest.raises(ValueError, match="2 nodes but 1 agents"):
        System(chain([0, 1]), (ModelAgent("a", Blend("f", ())),))


def test_a_failed_call_leaves_its_example_unscored_and_nothing_else():
    systems = [system_of(chain([0, 1])), System(Dag(((),)), (ModelAgent("m1", Blend("m1", ())),))]
    examples = [Example("a", "?", ("",)), Example("b", "?", ("",))]

    first, second = asyncio.run(
        evaluate(systems, examples, lambda e, a: 1.0, Echo(failing="m0"), SAMPLING)
    )

    assert first.scores == (None, None)
    assert first.failures == ("a: scripted", "b: scripted")
    assert first.utility != first.utility
    assert second.utility == 1.0


def test_transcripts_can_be_watched():
    seen = []
    asyncio.run(
        evaluate(
            [system_of(chain([0, 1]))],
            [Example("a", "?", ("",))],
            lambda e, a: 1.0,
            Echo(),
            SAMPLING,
            on_transcript=lambda *what: seen.append(what),
        )
    )

    [(system, example, transcript)] = seen
    assert (system, example, transcript.example) == (0, 0, "a")


def test_nodes_may_each_decode_in_their_own_way():
    asked = {}

    class Noting(Echo):
        async def generate(self, request, /):
            asked[request.model.family] = request.sampling
            return await super().generate(request)

    samplings = [Sampling(max_tokens=k + 1) for k in range(3)]
    system = system_of(chain([2, 0, 1]))
    asyncio.run(system.answer(Example("x", "Why?", ("",)), Noting(), samplings))

    assert asked == {f"m{k}": samplings[k] for k in range(3)}


def test_whoever_watches_is_told_of_every_node_as_it_starts_and_ends():
    events = []
    system = system_of(star([3, 2, 1, 0]))
    transcript = asyncio.run(
        system.answer(Example("x", "Why?", ("",)), Echo(), SAMPLING, observe=events.append)
    )

    order = [(type(event), event.node) for event in events]
    for node, parents in enumerate(system.dag.parents):
        assert order.index((NodeStarted, node)) < order.index((NodeEnded, node))
        for parent in parents:
            assert order.index((NodeEnded, parent)) < order.index((NodeStarted, node))
    assert {e.node: e.turn for e in events if isinstance(e, NodeEnded)} == dict(
        enumerate(transcript.turns)
    )
