"""Everything a search remembers between two iterations: a few kilobytes, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hswarm.graph.dag import Dag
from hswarm.search.found import Candidate, Found
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

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON values and arrays."""
        found = self.found
        return {
            "iteration": self.iteration,
            "role": self.role.to_json() if self.role is not None else None,
            "weights": [swarm.to_json() for swarm in self.weights],
            "graph": [list(p) for p in self.graph.parents],
            "jfk": self.jfk,
            "found": None
            if found is None
            else {
                "candidate": found.candidate.to_json(),
                "utility": found.utility,
                "iteration": found.iteration,
            },
            "stale": self.stale,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchState:
        """Read what `to_json` wrote."""
        found = data["found"]
        return cls(
            iteration=int(data["iteration"]),
            role=SwarmState.from_json(data["role"]) if data["role"] is not None else None,
            weights=tuple(SwarmState.from_json(swarm) for swarm in data["weights"]),
            graph=Dag(tuple(tuple(int(v) for v in p) for p in data["graph"])),
            jfk=np.asarray(data["jfk"], dtype=np.float64),
            found=None
            if found is None
            else Found(
                Candidate.from_json(found["candidate"]),
                float(found["utility"]),
                int(found["iteration"]),
            ),
            stale=int(data["stale"]),
        )
