"""A pipeline as a LangGraph module: nodes are its models, edges are responses that are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hswarm.graph.dag import Dag
from hswarm.pipeline.contents import Contents
from hswarm.pipeline.strangers import find_strangers

_MODULE: Final = '''\
"""{name} as a LangGraph graph: every node is one of its models and reads its parents' answers.

    pip install "hswarm=={version}" langgraph
    python {module} "a question" "a chunk of context, if there is any" ...

or, from Python: `await graph.ainvoke({{"question": "a question"}})`.
"""

from __future__ import annotations

import asyncio
import operator
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph

import hswarm

pipeline = hswarm.load(Path(__file__).with_name({folder!r}){trust})


class State(TypedDict, total=False):
    """What goes through the graph."""

    question: str
    context_chunks: list[str]
    answers: Annotated[dict[int, str], operator.or_]
    answer: str


def seat(node: int) -> Callable[[State], Awaitable[State]]:
    """Return what a node does: it is given what it was given in the search, and answers."""

    async def speak(state: State) -> State:
        turn = await pipeline.take_turn(
            node,
            state["question"],
            state.get("answers", {{}}),
            context_chunks=state.get("context_chunks", []),
        )
        said = turn.completion.text
        return {{"answers": {{node: said}}}} | ({{"answer": said}} if node == {end} else {{}})

    return speak


builder = StateGraph(State)
{nodes}
{edges}
graph = builder.compile()

if __name__ == "__main__":
    question, *chunks = sys.argv[1:]
    asked = {{"question": question, "context_chunks": chunks}}
    print(asyncio.run(graph.ainvoke(asked))["answer"])
'''


def write_graph(contents: Contents, place: Path) -> None:
    """Write a pipeline as the LangGraph module `place`; it exposes `graph`."""
    blueprint = contents.blueprint
    names = [f"{node} {agent}" for node, agent in enumerate(blueprint.agents)]
    module = _MODULE.format(
        name=blueprint.pipeline.name,
        version=blueprint.pipeline.versions["hswarm"],
        module=place.name,
        folder=contents.folder.resolve().name,
        trust=", trust=True" if find_strangers(blueprint.pool) else "",
        end=blueprint.dag.end,
        nodes="\n".join(
            f"builder.add_node({names[node]!r}, seat({node}))" for node in blueprint.dag.order
        ),
        edges="\n".join(_edges(blueprint.dag, names)),
    )
    place.write_text(module, encoding="utf-8")


def _edges(dag: Dag, names: list[str]) -> Iterator[str]:
    """Yield the edges; who reads several waits for all of them."""
    for node in dag.order:
        parents = [names[parent] for parent in dag.parents[node]]
        yield (
            f"builder.add_edge({parents!r}, {names[node]!r})"
            if parents
            else (f"builder.add_edge(START, {names[node]!r})")
        )
    yield f"builder.add_edge({names[dag.end]!r}, END)"
