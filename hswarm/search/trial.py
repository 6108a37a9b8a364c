"""How new weights are tried: which systems are evaluated, and what that says about whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hswarm.config import WeightConfig
from hswarm.graph.dag import Dag
from hswarm.search.credit import assign, gains, jfk_scores
from hswarm.search.found import Candidate, Found
from hswarm.swarm.state import FloatMatrix, FloatVector

BoolVector = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trial:
    """Systems to evaluate, whose new weights are in each, and how the experts are scored by it."""

    candidates: list[Candidate]
    tried: list[frozenset[int]]
    """Per candidate: the particles whose new weights it has."""
    score: Callable[[FloatVector], FloatVector]
    """From utilities, shape (candidates,), to scores, shape (particles,); NaN: nothing is known."""

    def improving(self, utilities: FloatVector, before: float, particles: int) -> BoolVector:
        """Return whose new weights are in a system better than `before`, shape (particles,)."""
        improving = np.zeros(particles, dtype=np.bool_)
        for those, utility in zip(self.tried, utilities, strict=True):
            improving[list(those)] |= bool(utility > before)
        return improving


def try_places(found: Found, rows: FloatMatrix, runs: BoolVector) -> Trial:
    """Put each expert's new weights where it sits in the best-found system, one at a time.

    Its score is what that changes. An expert that sits nowhere in it is not scored.
    """
    agents = [agent for agent in sorted(set(found.candidate.agents)) if runs[agent]]
    return Trial(
        [found.candidate.replace_model(agent, rows[agent]) for agent in agents],
        [frozenset({agent}) for agent in agents],
        lambda utilities: gains(agents, utilities, found.utility, len(rows)),
    )


def try_assignments(
    graph: Dag,
    rows: FloatMatrix,
    runs: BoolVector,
    config: WeightConfig,
    rng: np.random.Generator,
) -> Trial:
    """Deal the experts over the nodes of `graph`; the score is the JFK-score (Algorithm 3)."""
    assignments = assign(len(rows), len(graph), config.assignments, kind=config.assignment, rng=rng)
    # With one node this skips a dropped particle's evaluation; with more, the others need it.
    assignments = assignments[runs[assignments].any(axis=1)]
    return Trial(
        [Candidate.place(graph, row, rows) for row in assignments],
        [frozenset(row) for row in assignments.tolist()],
        lambda utilities: jfk_scores(assignments, utilities, len(rows)),
    )


def try_both(places: Trial, assignments: Trial) -> Trial:
    """Do both; the score is the JFK-score and, on top, what the new weights change in their places.

    An expert without a place in the best-found system changes nothing there.
    """
    cut = len(places.candidates)
    return Trial(
        [*places.candidates, *assignments.candidates],
        [*places.tried, *assignments.tried],
        lambda utilities: (
            assignments.score(utilities[cut:]) + np.nan_to_num(places.score(utilities[:cut]))
        ),
    )
