"""What a search is over and what it finds: a graph, who sits where, and everybody's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hswarm.agents.agent import ModelAgent
from hswarm.engines.request import Blend
from hswarm.evaluate import Evaluation
from hswarm.graph.dag import Dag
from hswarm.system import System

FloatMatrix = NDArray[np.float64]
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Experts:
    """The experts searched over: a family's fingerprint and its experts' names, in column order."""

    family: str
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def name_particle(self, particle: int) -> str:
        """Name a position of the weight swarm: the expert that it started as, or "mix k"."""
        return self.names[particle] if particle < len(self) else f"mix {particle + 1}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A multi-LLM system as numbers: node i holds the model with coefficients `rows[i]`.

    `agents[i]` is the particle of the weight swarm in node i. Two candidates that are equal up to
    `agents` give the same answers.
    """

    dag: Dag
    agents: tuple[int, ...]
    rows: tuple[Row, ...]

    @classmethod
    def place(cls, dag: Dag, agents: Sequence[int], positions: FloatMatrix) -> Candidate:
        """Put the particles `agents` of a weight swarm at `positions` (N×n) into the nodes."""
        rows = tuple(tuple(float(c) for c in positions[agent]) for agent in agents)
        return cls(dag, tuple(int(agent) for agent in agents), rows)

    def replace_model(self, agent: int, row: NDArray[np.float64]) -> Candidate:
        """Return the candidate with other weights for `agent`, wherever it sits."""
        changed = tuple(float(c) for c in row)
        rows = (changed if a == agent else r for a, r in zip(self.agents, self.rows, strict=True))
        return replace(self, rows=tuple(rows))

    def system(self, experts: Experts) -> System:
        """Return the system, ready to answer."""
        models = (
            ModelAgent(experts.name_particle(agent), Blend(experts.family, row))
            for agent, row in zip(self.agents, self.rows, strict=True)
        )
        return System(self.dag, tuple(models))

    def to_json(self) -> dict[str, object]:
        """Return the candidate as JSON values; floats survive exactly."""
        return {
            "parents": [list(p) for p in self.dag.parents],
            "agents": list(self.agents),
            "rows": [list(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Candidate:
        """Read what `to_json` wrote; ValueError or TypeError if it is something else."""
        parents, agents, rows = data["parents"], data["agents"], data["rows"]
        return cls(
            Dag(tuple(tuple(int(v) for v in p) for p in parents)),  # type: ignore[attr-defined]
            tuple(int(a) for a in agents),  # type: ignore[attr-defined]
            tuple(tuple(float(c) for c in row) for row in rows),  # type: ignore[attr-defined]
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The best candidate so far, its utility on dev, and the iteration that found it."""

    candidate: Candidate
    utility: float
    iteration: int

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values; floats survive exactly."""
        return {
            "candidate": self.candidate.to_json(),
            "utility": self.utility,
            "iteration": self.iteration,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Found:
        """Read what `to_json` wrote."""
        candidate = Candidate.from_json(data["candidate"])
        return cls(candidate, float(data["utility"]), int(data["iteration"]))


def best_of(candidates: Sequence[Candidate], utilities: Sequence[float]) -> Found:
    """Return the best of at least one candidate as found at the start; the first on a tie."""
    found: Found | None = None
    for candidate, utility in zip(candidates, utilities, strict=True):
        found = better(found, candidate, utility, 0)
    assert found is not None, "at least one candidate"
    return found


def better(found: Found | None, candidate: Candidate, utility: float, iteration: int) -> Found:
    """Return the better of the two; the one found earlier on a tie. NaN never wins."""
    if found is not None and not utility > found.utility:
        return found
    if found is None and not np.isfinite(utility):
        return Found(candidate, -np.inf, iteration)
    return Found(candidate, utility, iteration)


def shortlist(
    finalists: Sequence[Found],
    candidates: Sequence[Candidate],
    evaluations: Sequence[Evaluation],
    iteration: int,
    size: int,
) -> tuple[Found, ...]:
    """Return the `size` best different systems among `finalists` and what was just evaluated.

    Of equally good ones those seen first. Systems that answer alike (equal but for the agents'
    names) count as one.
    """
    seen = {(f.candidate.dag, f.candidate.rows): f for f in finalists}
    for candidate, evaluation in zip(candidates, evaluations, strict=True):
        if np.isfinite(evaluation.utility):
            found = Found(candidate, evaluation.utility, iteration)
            seen.setdefault((candidate.dag, candidate.rows), found)
    return tuple(sorted(seen.values(), key=lambda found: -found.utility)[:size])
