"""What a search is over and what it finds: a graph, who sits where, and everybody's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hswarm.agents.agent import Sitter, make_agent
from hswarm.engines.request import Blend
from hswarm.graph.dag import LONE, Dag
from hswarm.search.roster import Roster, Row
from hswarm.system import System


@dataclass(frozen=True, slots=True)
class Candidate:
    """A multi-LLM system as numbers: node i holds the agent `agents[i]` of the search's roster.

    `rows[i]` is that agent's coefficients, () if it is frozen.
    """

    dag: Dag
    agents: tuple[int, ...]
    rows: tuple[Row, ...]

    @classmethod
    def place(cls, dag: Dag, agents: Sequence[int], rows: Sequence[Row]) -> Candidate:
        """Put `agents` into the nodes; `rows` are everybody's, by number."""
        return cls(dag, tuple(int(a) for a in agents), tuple(rows[agent] for agent in agents))

    def replace_model(self, agent: int, row: Row) -> Candidate:
        """Return the candidate with other weights for `agent`, wherever it sits."""
        rows = (row if a == agent else r for a, r in zip(self.agents, self.rows, strict=True))
        return replace(self, rows=tuple(rows))

    def models(self, roster: Roster) -> tuple[Sitter, ...]:
        """Return who answers in each node: with the same graph and models, the same answers."""
        return tuple(map(roster.model, self.agents, self.rows))

    def system(self, roster: Roster) -> System:
        """Return the system, ready to answer."""
        names = map(roster.name, self.agents)
        return System(self.dag, tuple(map(make_agent, names, self.models(roster))))

    def to_json(self) -> dict[str, object]:
        """Return the candidate as JSON values; floats survive exactly.

        Of a row its length and the coefficients that are not 0 are kept: most are one expert.
        """
        return {
            "parents": [list(p) for p in self.dag.parents],
            "agents": list(self.agents),
            "rows": [[len(row), {str(k): c for k, c in enumerate(row) if c}] for row in self.rows],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Candidate:
        """Read what `to_json` wrote; ValueError or TypeError if it is something else."""
        parents, agents, rows = data["parents"], data["agents"], data["rows"]
        return cls(
            Dag(tuple(tuple(int(v) for v in p) for p in parents)),
            tuple(int(a) for a in agents),
            tuple(
                tuple(float(held.get(str(k), 0.0)) for k in range(length)) for length, held in rows
            ),
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


def reference(roster: Roster) -> System:
    """Return a model that no search has changed, alone: what a reward's scale is set by.

    It is the base of the first family; where there is no family, the first agent.
    """
    if roster.families:
        return System(LONE, (make_agent("base", roster.families[0].model(())),))
    first = roster.frozen[0]
    model = Blend(first.model.family, ()) if isinstance(first.model, Blend) else first.model
    return System(LONE, (make_agent(first.name, model),))


def shortlist(several: Sequence[Found], roster: Roster, size: int) -> tuple[Found, ...]:
    """Return the `size` best different systems of `several`; of equally good ones the first.

    Systems that answer alike (equal but for the agents' names) count as one. NaN never counts.
    """
    different: dict[tuple[Dag, tuple[Sitter, ...]], Found] = {}
    for found in several:
        if np.isfinite(found.utility):
            identity = found.candidate.dag, found.candidate.models(roster)
            different.setdefault(identity, found)
    return tuple(sorted(different.values(), key=lambda found: -found.utility)[:size])
