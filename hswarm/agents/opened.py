"""A pool whose models were found, checked and fingerprinted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hswarm.agents.agent import Sitter
from hswarm.agents.ensemble import Ensemble
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.request import Blend, Remote, Tool
from hswarm.engines.tools.entry import AnyTool
from hswarm.experts.family import Family
from hswarm.experts.fingerprint import hash_json
from hswarm.experts.mixture import Mixture
from hswarm.experts.recipe import Recipe


@dataclass(frozen=True, slots=True)
class OpenPool:
    """Everybody in a pool; `len` is how many they are. Names are unique in the whole pool."""

    name: str
    families: tuple[Family, ...]
    remote: Mapping[str, Endpoint] = field(default_factory=dict)
    """Name -> model behind an API."""
    tools: Mapping[str, AnyTool] = field(default_factory=dict)
    """Name -> tool."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """Agent -> what it is for, in a few words."""
    ensembles: Mapping[str, Ensemble] = field(default_factory=dict)
    """Name -> several of the others, who answer as one."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Expert -> what it was trained on: a JSONL file of prompts and responses."""
    training: Recipe = field(default_factory=Recipe)
    """How experts of this pool are trained further."""
    mixtures: tuple[Mixture, ...] = ()
    """Where tokens are mixed: all of the families as one."""
    mixed: Mapping[str, Blend] = field(default_factory=dict)
    """Name -> experts mixed by their tokens, where some are agents of their own."""

    def __len__(self) -> int:
        return sum(map(len, self.families)) + len(self.others)

    @property
    def others(self) -> dict[str, Remote | Tool]:
        """Name -> how requests name who is in no family."""
        entries = {**self.remote, **self.tools}
        return {name: entry.reference for name, entry in entries.items()}

    @property
    def agents(self) -> dict[str, Sitter]:
        """Name -> how requests name everybody, experts as they came."""
        experts = {
            expert.name: Blend(family.fingerprint, _one_hot(place, len(family)))
            for family in self.families
            for place, expert in enumerate(family.experts)
        }
        return {**experts, **self.mixed, **self.others, **self.ensembles}

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of everything that shapes an answer; a lone family's, or mixture's, is its
        own.
        """
        families = [local.fingerprint for local in self.mixtures or self.families]
        if len(families) == 1 and not self.others:
            return families[0]
        others = [
            [type(reference).__name__, *(getattr(reference, name) for name in reference.__slots__)]
            for reference in self.others.values()
        ]
        return hash_json({"families": families, "others": others})


def _one_hot(place: int, size: int) -> tuple[float, ...]:
    return tuple(float(k == place) for k in range(size))
