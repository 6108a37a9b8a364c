"""Everything a search remembers between two iterations: a few kilobytes, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hswarm.evaluate import Evaluation
from hswarm.graph.dag import Dag
from hswarm.search.found import Candidate, Found, better, shortlist
from hswarm.search.setting import Setting
from hswarm.swarm.state import SwarmState


@dataclass(frozen=True, slots=True)
class SearchState:
    """The state of a search after `iteration` complete iterations (0: only the start)."""

    iteration: int
    role: SwarmState | None
    """The adjacency matrices, N×n²; None where roles are not searched."""
    weights: tuple[SwarmState, ...]
    """The coefficient rows of each family that moves, N×n."""
    graph: Dag
    """The best graph of the last role-step: where the weight-step deals its assignments."""
    jfk: NDArray[np.float64]
    """Everybody's last JFK-score, by number, NaN as long as it was never drawn."""
    found: Found | None
    stale: int
    """Iterations since the best-found utility last rose."""
    finalists: tuple[Found, ...] = ()
    """The best different systems evaluated so far, the best first."""
    unmeasured: bool = False
    """Whether somebody left or joined since: what is not known any more is measured first."""
    gained_over: float | None = None
    """The best-found utility when weights were last scored: what their gains are over."""

    @property
    def best(self) -> float:
        """The best-found utility; −inf while nothing was found."""
        return self.found.utility if self.found is not None else -np.inf

    def see(
        self,
        candidates: Sequence[Candidate],
        evaluations: Sequence[Evaluation],
        iteration: int,
        setting: Setting,
    ) -> SearchState:
        """Return the state with the best of what was just evaluated as best found and finalists."""
        found, several = self.found, [*self.finalists]
        for candidate, evaluation in zip(candidates, evaluations, strict=True):
            found = better(found, candidate, evaluation.utility, iteration)
            several.append(Found(candidate, evaluation.utility, iteration))
        kept = shortlist(several, setting.roster, setting.config.finalists)
        return replace(self, found=found, finalists=kept)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values and arrays."""
        return {
            "iteration": self.iteration,
            "role": self.role.to_json() if self.role is not None else None,
            "weights": [swarm.to_json() for swarm in self.weights],
            "graph": [list(p) for p in self.graph.parents],
            "jfk": self.jfk,
            "found": self.found.to_json() if self.found is not None else None,
            "stale": self.stale,
            "finalists": [found.to_json() for found in self.finalists],
            "unmeasured": self.unmeasured,
            "gained_over": self.gained_over,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchState:
        """Read what `to_json` wrote."""
        return cls(
            iteration=int(data["iteration"]),
            role=SwarmState.from_json(data["role"]) if data["role"] is not None else None,
            weights=tuple(SwarmState.from_json(swarm) for swarm in data["weights"]),
            graph=Dag(tuple(tuple(int(v) for v in p) for p in data["graph"])),
            jfk=np.asarray(data["jfk"], dtype=np.float64),
            found=Found.from_json(data["found"]) if data["found"] is not None else None,
            stale=int(data["stale"]),
            finalists=tuple(Found.from_json(found) for found in data.get("finalists", ())),
            unmeasured=bool(data.get("unmeasured", False)),
            gained_over=data.get("gained_over"),
        )
