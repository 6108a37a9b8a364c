"""A system: a graph with an agent in every node, and how one example goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hswarm.agents.agent import Agent
from hswarm.agents.prompts import Prompt, PromptRole
from hswarm.engines.request import Completion, Engine, Sampling
from hswarm.engines.streaming import Hear, follow
from hswarm.graph.dag import Dag
from hswarm.tasks.task import Example


@dataclass(frozen=True, slots=True)
class Turn:
    """What one node was given and what it said."""

    agent: str
    role: PromptRole
    prompt: str
    completion: Completion


@dataclass(frozen=True, slots=True)
class Transcript:
    """One example's way through a system: a turn per node, by node index, and the final answer."""

    example: str
    turns: tuple[Turn, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node has been given its prompt."""

    node: int
    agent: str
    role: PromptRole
    prompt: str


@dataclass(frozen=True, slots=True)
class NodeEnded:
    """A node has answered."""

    node: int
    turn: Turn


NodeEvent = NodeStarted | NodeEnded
NodeObserver = Callable[[NodeEvent], None]


def ignore(event: NodeEvent) -> None:
    """Watch nothing."""


@dataclass(frozen=True, slots=True)
class System:
    """A graph and the agent in each of its nodes; ValueError if their numbers differ."""

    dag: Dag
    agents: tuple[Agent, ...]

    def __post_init__(self) -> None:
        if len(self.agents) != len(self.dag):
            raise ValueError(f"{len(self.dag)} nodes but {len(self.agents)} agents")

    async def answer(
        self,
        example: Example,
        engine: Engine,
        sampling: Sampling | Sequence[Sampling],
        *,
        observe: NodeObserver = ignore,
        hear: Hear | None = None,
    ) -> Transcript:
        """Send `example` through the graph in topological order.

        `sampling` is one for all nodes, or one per node. Nodes that wait for nobody run at the same
        time; `observe` is told of each as it starts and ends, `hear` of the end node's answer as it
        grows, if the engine can tell. Raises `CallFailed` as soon as a node's call has failed for
        good: what its readers would say then is not what was asked for.
        """
        samplings = [sampling] * len(self.dag) if isinstance(sampling, Sampling) else sampling
        contexts = share_context(example.context_chunks, self.dag)
        turns: dict[int, Turn] = {}

        async def run(node: int) -> None:
            responses = [turns[p].completion.text for p in self.dag.parents[node]]
            prompt = self.prompt(node, responses, contexts[node], example.question)
            name = self.agents[node].name
            observe(NodeStarted(node, name, prompt.role, prompt.text))
            asked = follow(engine, hear) if hear and node == self.dag.end else engine
            turns[node] = await self.ask(prompt, asked, samplings[node])
            observe(NodeEnded(node, turns[node]))

        for layer in self.dag.layers():
            if len(layer) == 1:
                await run(layer[0])
            else:
                await asyncio.gather(*(run(node) for node in layer))
        by_node = tuple(turns[node] for node in range(len(self.dag)))
        return Transcript(example.id, by_node, turns[self.dag.end].completion.text)

    def prompt(self, node: int, responses: Sequence[str], context: str, question: str) -> Prompt:
        """Return what a node is given; `responses` are its parents' by index, `context` is its."""
        return Prompt(node, prompt_role(self.dag, node), tuple(responses), context, question)

    async def ask(self, prompt: Prompt, engine: Engine, sampling: Sampling) -> Turn:
        """Let the prompt's node speak; raises `CallFailed` when its answer is not to be had."""
        agent = self.agents[prompt.node]
        completion = await agent.respond(prompt, sampling, engine)
        return Turn(agent.name, prompt.role, prompt.text, completion)


def prompt_role(dag: Dag, node: int) -> PromptRole:
    """Return which of the paper's three texts a node gets; a lone node is an entry."""
    if not dag.parents[node]:
        return "entry"
    return "end" if node == dag.end else "middle"


def share_context(chunks: Sequence[str], dag: Dag) -> list[str]:
    """Deal context chunks over the nodes in topological order; returns each node's share.

    With k chunks and n nodes the i-th node gets chunks ⌊ik/n⌋ … ⌊(i+1)k/n⌋-1 (one each for k = n),
    joined by spaces, so none is dropped. With fewer chunks than nodes some nodes get none.
    """
    shares = [""] * len(dag)
    for place, node in enumerate(dag.order):
        first, last = (len(chunks) * k // len(dag) for k in (place, place + 1))
        shares[node] = " ".join(chunks[first:last])
    return shares
