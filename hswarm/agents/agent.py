"""What can sit in a node of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hswarm.engines.request import Completion, Engine, ModelReference, Request, Sampling


class Agent(Protocol):
    """Something that answers a prompt: an expert, a remote model, a tool."""

    @property
    def name(self) -> str:
        """The name that graphs, tables and transcripts show."""
        ...

    async def respond(self, prompt: str, sampling: Sampling, engine: Engine, /) -> Completion:
        """Answer `prompt`; raises `CallFailed` when that is not to be had."""
        ...


@dataclass(frozen=True, slots=True)
class ModelAgent:
    """A language model in a node: an expert at some position in weight space, or a remote model."""

    name: str
    model: ModelReference

    async def respond(self, prompt: str, sampling: Sampling, engine: Engine, /) -> Completion:
        """Ask the engine for the model's answer."""
        return await engine.generate(Request(self.model, prompt, sampling))
