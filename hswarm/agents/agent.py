"""What can sit in a node of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from hswarm.agents.ensemble import Ensemble, EnsembleAgent, read_rule
from hswarm.agents.prompts import Prompt
from hswarm.engines.request import (
    Asker,
    Completion,
    Engine,
    ModelReference,
    Request,
    Sampling,
    Tool,
)
from hswarm.engines.tools.given import Given

_NOTHING_DRAWN: Final = Sampling(max_tokens=0)


class Agent(Protocol):
    """Something that answers a prompt: an expert, a remote model, a tool."""

    @property
    def name(self) -> str:
        """The name that graphs, tables and transcripts show."""
        ...

    async def respond(self, prompt: Prompt, sampling: Sampling, engine: Engine, /) -> Completion:
        """Answer `prompt`; raises `CallFailed` when that is not to be had."""
        ...


@dataclass(frozen=True, slots=True)
class ModelAgent:
    """A language model in a node: an expert at some position in weight space, or a remote model."""

    name: str
    model: ModelReference

    async def respond(self, prompt: Prompt, sampling: Sampling, engine: Engine, /) -> Completion:
        """Ask the engine for the model's answer."""
        asker = Asker(self.name, prompt.node)
        return await engine.generate(Request(self.model, prompt.text, sampling, asker))


@dataclass(frozen=True, slots=True)
class ToolAgent:
    """A tool in a node. It is given the parts of the prompt, and no words that are for models."""

    name: str
    tool: Tool

    async def respond(self, prompt: Prompt, sampling: Sampling, engine: Engine, /) -> Completion:
        """Use the tool. There is nothing to sample."""
        given = Given(prompt.question, prompt.context, prompt.responses)
        asker = Asker(self.name, prompt.node)
        return await engine.generate(Request(self.tool, given.write(), _NOTHING_DRAWN, asker))


Sitter = ModelReference | Ensemble
"""Who sits in a node, by content."""


def make_agent(name: str, model: Sitter) -> Agent:
    """Return the agent that answers as `model`."""
    if isinstance(model, Ensemble):
        members = (make_agent(f"{name} {k}", member) for k, member in enumerate(model.members, 1))
        return EnsembleAgent(name, tuple(members), read_rule(model.rule))
    return ToolAgent(name, model) if isinstance(model, Tool) else ModelAgent(name, model)
