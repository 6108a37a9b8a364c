"""How new weights are tried: which systems are evaluated, and what that says about whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hswarm.config import WeightConfig
from hswarm.graph.dag import Dag
from hswarm.search.credit import assign, gains, jfk_scores
from hswarm.search.found import Candidate, Found
from hswarm.search.roster import Row
from hswarm.swarm.state import FloatVector

BoolVector = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trial:
    """Systems to evaluate, whose new weights are in each, and how everybody is scored by it."""

    candidates: list[Candidate]
    tried: list[frozenset[int]]
    """Per candidate: the numbers of those whose new weights it has."""
    score: Callable[[FloatVector], FloatVector]
    """From utilities, shape (candidates,), to scores by number; NaN: nothing is known."""
    less: float = 0.0
    """What is taken off a utility where a score is what one system gains over another."""

    @property
    def apart(self) -> bool:
        """Whether everybody is scored by one system that is nobody else's."""
        return all(len(those) == 1 for those in self.tried) and len(set(self.tried)) == len(
            self.tried
        )

    def improving(self, utilities: FloatVector, before: float, everybody: int) -> BoolVector:
        """Return by number whose new weights are in a system better than `before`."""
        improving = np.zeros(everybody, dtype=np.bool_)
        for those, utility in zip(self.tried, utilities, strict=True):
            improving[list(those)] |= bool(utility > before)
        return improving


def try_places(found: Found, rows: Sequence[Row], runs: BoolVector) -> Trial:
    """Put each expert's new weights where it sits in the best-found system, one at a time.

    Its score is what that changes. An expert that sits nowhere in it is not scored, nor is an agent
    without weights.
    """
    sitting = sorted(set(found.candidate.agents))
    agents = [agent for agent in sitting if runs[agent] and rows[agent]]
    return Trial(
        [found.candidate.replace_model(agent, rows[agent]) for agent in agents],
        [frozenset({agent}) for agent in agents],
        lambda utilities: gains(agents, utilities, found.utility, len(rows)),
        found.utility,
    )


def try_assignments(
    graph: Dag,
    rows: Sequence[Row],
    runs: BoolVector,
    config: WeightConfig,
    rng: np.random.Generator,
) -> Trial:
    """Deal everybody over the nodes of `graph`; the score is the JFK-score (Algorithm 3)."""
    assignments = assign(len(rows), len(graph), config.assignments, kind=config.assignment, rng=rng)
    # With one node this skips a dropped particle's evaluation; with more, the others need it.
    assignments = assignments[runs[assignments].any(axis=1)]
    return Trial(
        [Candidate.place(graph, row, rows) for row in assignments],
        [frozenset(row) for row in assignments.tolist()],
        lambda utilities: jfk_scores(assignments, utilities, len(rows)),
    )


def try_both(places: Trial, assignments: Trial) -> Trial:
    """Do both; the score is the sum of the JFK-score and the utility with the new weights in place.

    An expert without a place in the best-found system leaves that as it is.
    """
    cut = len(places.candidates)
    return Trial(
        [*places.candidates, *assignments.candidates],
        [*places.tried, *assignments.tried],
        lambda utilities: (
            assignments.score(utilities[cut:])
            + np.nan_to_num(places.score(utilities[:cut]))
            + places.less
        ),
    )
