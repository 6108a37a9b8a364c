"""How a search got to what it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from hswarm.analysis.dynamics import Dynamics, Swarm, by_trial, read_dynamics
from hswarm.analysis.ranks import StartRank, start_rank
from hswarm.analysis.trajectories import choose_coordinates, principal_plane
from hswarm.figures.dynamics import draw_dynamics
from hswarm.figures.starts import draw_starts
from hswarm.figures.trajectories import draw_trajectories
from hswarm.report.evidence import Evidence
from hswarm.report.numerals import show_count
from hswarm.report.opened import OpenedRun
from hswarm.report.section import Cell, Section, Shown, Table

_SCORED: Final = (
    "Of the swarm of weights, a particle's score is what it is moved by: a JFK-score, or what its "
    "new weights change in their place in the best system."
)


def course(evidence: Evidence) -> Section:
    """Return the best utility and all particles, iteration by iteration."""
    if not evidence.run.searched:
        return _trials(evidence)
    dynamics, result = evidence.dynamics, evidence.run.result
    when = "at the start" if result.found_in == 0 else f"in iteration {result.found_in}"
    rows = list(
        zip(
            range(len(dynamics.best)), dynamics.best, dynamics.answered, dynamics.generated,
            strict=True,
        )
    )  # fmt: skip
    sampled = f", {dynamics.sampled:,} more on some of them" if dynamics.sampled else ""
    particles: list[tuple[Cell, ...]] = []
    for name, swarm in evidence_swarms(evidence):
        for iteration, utilities in zip(swarm.iterations, swarm.utilities, strict=True):
            particles += [(name, iteration, k, u) for k, u in enumerate(utilities)]
    return Section(
        "course",
        "How it got there",
        [
            f"{show_count(len(dynamics.evaluations), 'system')} were tried on all items of the "
            f"search{sampled}, in "
            f"{show_count(result.iterations, 'iteration')}; the one that was found was "
            f"tried {when}.",
            *([_SCORED] if dynamics.weights and result.method != "model-swarms" else []),
        ],
        [
            Shown(
                "dynamics",
                draw_dynamics(dynamics),
                "Left: the best utility on dev so far, and every system tried. Right: the score of "
                "every particle, and their mean (thick).",
            )
        ]
        if dynamics.best
        else [],
        [
            Table("best", ("iteration", "best on dev", "answered", "generated"), rows, shown=False),
            Table("particles", ("swarm", "iteration", "particle", "score"), particles, shown=False),
            Table(
                "evaluations", ("iteration", "step", "utility"), dynamics.evaluations, shown=False
            ),
        ],
    )


def _trials(evidence: Evidence) -> Section:
    """Return what a method without iterations tried, system by system."""
    trials = by_trial(evidence.dynamics)
    tried = len(trials.evaluations)
    rows = [(k, u, best) for (k, _, u), best in zip(trials.evaluations, trials.best, strict=True)]
    caption = "The best utility on dev so far, and every system tried, in order."
    drawn = [Shown("dynamics", draw_dynamics(trials, "system tried"), caption)] if tried > 1 else []
    return Section(
        "course",
        "How it got there",
        [
            f"{evidence.run.result.method} tried {show_count(tried, 'system')} on all of dev; it "
            "has no iterations and no swarms."
        ],
        drawn,
        [Table("evaluations", ("system", "utility", "best on dev"), rows, shown=False)],
    )


def evidence_swarms(evidence: Evidence) -> Iterator[tuple[str, Swarm]]:
    """Yield the swarms that moved, by name."""
    if evidence.dynamics.graphs.utilities:
        yield "graphs", evidence.dynamics.graphs
    for family, swarm in evidence.dynamics.weights.items():
        yield f"weights {family}".strip(), swarm


def winner(run: OpenedRun) -> StartRank | None:
    """Return where the particle began that ended best; None where particles have no utilities."""
    swarm = _scored_swarm(run, read_dynamics(run.record.events()))
    return None if swarm is None else start_rank(swarm.utility_matrix()[0], swarm.personal_bests())


def _scored_swarm(run: OpenedRun, dynamics: Dynamics) -> Swarm | None:
    """Return the swarm that is scored by utilities: the graphs, in Model Swarms the models."""
    alone = run.result.method == "model-swarms"
    swarm = next(iter(dynamics.weights.values()), None) if alone else dynamics.graphs
    return swarm if swarm is not None and len(swarm.utilities) > 1 else None


def starts(evidence: Evidence) -> Section | None:
    """Return where the particle began that ended best (diamond in the rough); None if unknown."""
    swarm = _scored_swarm(evidence.run, evidence.dynamics)
    if swarm is None:
        return None
    first, best = swarm.utility_matrix()[0], swarm.personal_bests()
    rank = start_rank(first, best)
    if rank is None:
        return None
    rows = [(k, a, b) for k, (a, b) in enumerate(zip(first, best, strict=True))]
    half = " It began in the worse half." if rank.in_bottom_half else ""
    return Section(
        "starts",
        "Diamond in the rough",
        [
            f"Of {rank.particles} particles, the one that ended best had rank {rank.rank} at the "
            f"start.{half}",
            "One search is one observation; hswarm compare counts over several.",
        ],
        [
            Shown(
                "starts",
                draw_starts(first, best, rank),
                "Every particle's utility at the start and at its best.",
            )
        ],
        [Table("starts", ("particle", "at the start", "best"), rows, shown=False)],
    )


def trajectories(evidence: Evidence, coordinates: tuple[str, str] | None) -> list[Section]:
    """Return the ways of each family's particles, by two experts or the main plane."""
    sections = []
    for family, swarm in enumerate(evidence.dynamics.weights.values()):
        experts = evidence.run.roster.families[family]
        positions = swarm.position_array()
        if len(positions) < 2 or not np.ptp(positions, axis=0).any():
            continue
        names = [experts.name_particle(particle) for particle in range(positions.shape[1])]
        if coordinates is not None and set(coordinates) <= set(experts.names):
            first, second = map(experts.names.index, coordinates)
            plane = choose_coordinates(positions, first, second)
            labels = (f"coefficient of {coordinates[0]}", f"coefficient of {coordinates[1]}")
            how = "by two of their coefficients"
        else:
            plane = principal_plane(positions)
            labels = ("first component", "second component")
            how = "in the plane in which they spread most (principal components)"
        suffix = f"-{experts.label}" if experts.label else ""
        rows = [
            (swarm.iterations[t], name, *plane.points[t, k].tolist(), *positions[t, k].tolist())
            for t in range(len(positions))
            for k, name in enumerate(names)
        ]
        caption = "Hollow: where a particle began; filled: where it is at the end."
        drawn = draw_trajectories(plane, names, labels)
        sections.append(
            Section(
                f"trajectories{suffix}",
                f"Ways through weight space {experts.label}".rstrip(),
                [
                    "Every model that the search reaches is a sum of the experts; its coefficients "
                    f"are its place. Here the particles are shown {how}."
                ],
                [Shown(f"trajectories{suffix}", drawn, caption)],
                [
                    Table(
                        f"trajectories{suffix}",
                        ("iteration", "particle", "x", "y", *experts.names),
                        rows,
                        shown=False,
                    )
                ],
            )
        )
    return sections
