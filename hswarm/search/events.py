"""What a running search tells whoever watches. Watching never changes a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

StepKind = Literal["start", "role", "weight", "move", "crown", "baseline"]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is about to evaluate `systems` different systems on `examples` examples each."""

    iteration: int
    kind: StepKind
    systems: int
    examples: int


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is done: the utilities it saw, the best so far, and how far its swarm is spread.

    `spread` is the mean distance of the particles from their centre, NaN without a swarm.
    """

    iteration: int
    kind: StepKind
    utilities: tuple[float, ...]
    best: float
    spread: float


@dataclass(frozen=True, slots=True)
class IterationEnded:
    """An iteration is complete and saved; `stale` iterations brought no new best."""

    iteration: int
    max_iterations: int
    best: float
    stale: int
    patience: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know: a call that failed, a state that was recovered."""

    text: str


Event = StepStarted | StepEnded | IterationEnded | Note
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Watch nothing."""
