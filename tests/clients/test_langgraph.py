"""The module that LangGraph runs."""

import asyncio
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside, write_targets

pytest.importorskip("langgraph", reason="LangGraph is not installed: make test-clients")


@pytest.fixture(scope="module")
def module(exported):
    place = place_beside(exported, TargetName.LANGGRAPH)
    write_targets(open_contents(exported), [TargetName.LANGGRAPH])
    yield place
    place.unlink()


def test_its_graph_is_the_graph_and_every_node_says_what_it_should(module, golden):
    spec = spec_from_file_location(module.stem, module)
    loaded = module_from_spec(spec)
    sys.modules[module.stem] = loaded  # where LangGraph looks up annotations
    spec.loader.exec_module(loaded)
    drawn = loaded.graph.get_graph()

    async def main():
        asked = ({key: item[key] for key in ("question", "context_chunks")} for item in golden)
        return await asyncio.gather(*map(loaded.graph.ainvoke, asked))

    with loaded.pipeline:
        states = asyncio.run(main())
    del sys.modules[module.stem]
    assert {(edge.source, edge.target) for edge in drawn.edges} == {
        ("__start__", "1 friends"), ("__start__", "3 jobs"), ("1 friends", "0 jobs"),
        ("3 jobs", "0 jobs"), ("0 jobs", "2 homes"), ("1 friends", "2 homes"),
        ("2 homes", "__end__"),
    }  # fmt: skip
    for state, item in zip(states, golden, strict=True):
        assert [state["answers"][node] for node in range(4)] == [t["answer"] for t in item["turns"]]
        assert state["answer"] == item["answer"]


def test_it_is_a_program(module, golden, run):
    said = run(sys.executable, module, golden[0]["question"], *golden[0]["context_chunks"])

    assert said == golden[0]["answer"] + "\n"
