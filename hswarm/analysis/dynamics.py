"""How a search went: the best utility, and what every particle of both swarms was worth.

Model Swarms (Feng et al., 2024), Figure 15; Heterogeneous Swarms (Feng et al., 2025), Figure 12.
Read from a run's journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float64]


@dataclass(slots=True)
class Swarm:
    """A swarm over the iterations in which it moved, the start first."""

    iterations: list[int] = field(default_factory=list)
    utilities: list[list[float]] = field(default_factory=list)
    """Per iteration one per particle, NaN where it was not scored."""
    positions: list[list[list[float]]] = field(default_factory=list)
    """Per iteration, if recorded, one coefficient row per particle."""

    def utility_matrix(self) -> FloatMatrix:
        """Return the utilities, shape (iterations, particles)."""
        return np.array(self.utilities, dtype=np.float64)

    def position_array(self) -> FloatMatrix:
        """Return the positions, shape (iterations, particles, dimensions)."""
        return np.array(self.positions, dtype=np.float64)

    def personal_bests(self) -> FloatMatrix:
        """Return each particle's best utility, shape (particles,), NaN where never scored."""
        scored = self.utility_matrix()
        best = np.where(np.isnan(scored), -np.inf, scored).max(axis=0)
        return np.where(np.isfinite(best), best, np.nan)


@dataclass(slots=True)
class Dynamics:
    """A search from its journal."""

    best: list[float] = field(default_factory=list)
    """The best utility on dev after each iteration, the start first."""
    graphs: Swarm = field(default_factory=Swarm)
    weights: dict[str, Swarm] = field(default_factory=dict)
    """By family; "" if there is only one."""
    evaluations: list[tuple[int, str, float]] = field(default_factory=list)
    """Every evaluation on all items of the search: iteration, step, utility."""
    sampled: int = 0
    """Evaluations on some of those items."""
    answered: list[int] = field(default_factory=list)
    """Requests answered until the end of each iteration."""
    generated: list[int] = field(default_factory=list)
    """How many of those had to be generated."""


def read_dynamics(events: Iterable[Mapping[str, Any]]) -> Dynamics:
    """Fold a journal's events together; those of other kinds are passed over."""
    dynamics = Dynamics()
    best, whole = -np.inf, 0
    for event in events:
        match event["event"]:
            case "evaluation":
                utility, items = _number(event["utility"]), event.get("items", 0)
                whole = max(whole, items)  # the start evaluates on all items
                if items < whole:
                    dynamics.sampled += 1
                    continue
                if event["step"] == "crown":  # of finalists, on the items held out, too
                    continue
                best = max(best, utility) if not np.isnan(utility) else best
                dynamics.evaluations.append((event["iteration"], event["step"], utility))
            case "graphs":
                _add(dynamics.graphs, event, event["utilities"])
            case "positions":
                swarm = dynamics.weights.setdefault(event.get("family", ""), Swarm())
                _add(swarm, event, event["jfk"])
                swarm.positions.append(event["rows"])
            case "iteration":
                dynamics.best.append(float(best))
                dynamics.answered.append(event["answered"])
                dynamics.generated.append(event["generated"])
    return dynamics


def by_trial(dynamics: Dynamics) -> Dynamics:
    """Return the systems of a method that has no iterations one by one: the k-th in place of k."""
    utilities = [utility for _, _, utility in dynamics.evaluations]
    return Dynamics(
        best=np.fmax.accumulate(utilities).tolist(),
        evaluations=[(k, step, u) for k, (_, step, u) in enumerate(dynamics.evaluations)],
    )


def _add(swarm: Swarm, event: Mapping[str, Any], utilities: Iterable[float | None]) -> None:
    swarm.iterations.append(event["iteration"])
    swarm.utilities.append([_number(utility) for utility in utilities])


def _number(utility: float | None) -> float:
    return float("nan") if utility is None else float(utility)
