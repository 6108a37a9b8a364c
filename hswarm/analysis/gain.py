"""Collaborative gain: what a system solves beyond what its models do alone.

Heterogeneous Swarms (Feng et al., 2025), §6 and Figure 3. Problems go into buckets by how many of
the N models solve them alone: B_n holds those that n of them do. Whoever picked one of the models
at random would expect to be right on n/N of B_n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hswarm.analysis.correctness import BoolMatrix, BoolVector


@dataclass(frozen=True, slots=True)
class Bucket:
    """B_n: the problems that exactly `solvers` of the models solve alone."""

    solvers: int
    problems: int
    solved: int
    """How many of them the system solves."""
    expected: float
    """n/N, the accuracy expected of one of the models at random."""

    @property
    def accuracy(self) -> float | None:
        """Acc(B_n); None of an empty bucket."""
        return self.solved / self.problems if self.problems else None


@dataclass(frozen=True, slots=True)
class Gain:
    """The buckets B_0 … B_N and what follows from them."""

    buckets: tuple[Bucket, ...]

    @property
    def problems(self) -> int:
        """|D|."""
        return sum(bucket.problems for bucket in self.buckets)

    @property
    def value(self) -> float | None:
        """C-Gain = Σ_{n=1..N} |B_n|/|D| · (Acc(B_n) − n/N), from −1 to 1; None without problems."""
        if not self.problems:
            return None
        return (
            sum(bucket.solved - bucket.problems * bucket.expected for bucket in self.buckets[1:])
            / self.problems
        )

    @property
    def impossible(self) -> float | None:
        """Acc(B_0): the share that the system solves of what no model does; None if empty."""
        return self.buckets[0].accuracy


def collaborative_gain(singles: BoolMatrix, system: BoolVector) -> Gain:
    """Put the problems into buckets.

    `singles`, shape (N, problems), says which of the N models solves which problem alone; `system`,
    shape (problems,), which the system solves. ValueError without models or where shapes disagree.
    """
    if singles.ndim != 2 or not len(singles) or singles.shape[1:] != system.shape:
        raise ValueError(f"{singles.shape} single answers do not fit {system.shape} of the system")
    models = len(singles)
    solvers = singles.sum(axis=0)
    problems = np.bincount(solvers, minlength=models + 1)
    solved = np.bincount(solvers[system], minlength=models + 1)
    return Gain(
        tuple(Bucket(n, int(problems[n]), int(solved[n]), n / models) for n in range(models + 1))
    )
