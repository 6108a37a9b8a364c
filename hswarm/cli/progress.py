"""What is known of a search while it runs: its events, folded together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hswarm.config import SEARCHES, RunConfig, SearchConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import Event, IterationEnded, StepEnded, StepStarted

Swarm = Literal["graphs", "weights"]


@dataclass(slots=True)
class Progress:
    """Where a search stands. `experts` is the number of models in the pool.

    `usage` is read for what was asked so far, `clock` for the seconds.
    """

    config: RunConfig
    experts: int
    usage: Usage
    clock: Callable[[], float] = time.monotonic
    step: StepStarted | None = None
    """The step that is under way."""
    best: float = -math.inf
    history: list[float] = field(default_factory=list)
    """The best utility after each iteration, the start first."""
    spreads: dict[Swarm, float] = field(default_factory=dict)
    """How far each swarm was spread when its last step ended."""
    iteration: int | None = None
    """Complete iterations; None during the start."""
    stale: int = 0
    comparing: bool = False
    """The search is over; what it found is being compared."""
    _steps_done: int = 0
    _systems_done: int = 0
    _step_began_at: int = 0
    _began: float = field(init=False)
    _share_at_first: float = 0.0
    """How much had been done by earlier processes of the run."""

    def __post_init__(self) -> None:
        self._began = self.clock()

    def observe(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case StepStarted():
                # The start is what comes before the first iteration's end. After it, what starts
                # anew is the single models, chains and stars, or the finalists before them.
                searched = self.iteration is not None or self.is_baseline
                self.comparing = event.kind in ("start", "crown") and searched
                self.step = event
                self._step_began_at = self.usage.answered
            case StepEnded():
                self.best = event.best
                self._systems_done += len(event.utilities)
                if event.kind not in ("move", "baseline"):
                    self.spreads[self._swarm_of(event)] = event.spread
                self.step = None
                self._steps_done += 1
            case IterationEnded():
                resumed = self.iteration is None and not self._steps_done
                self.iteration, self.stale = event.iteration, event.stale
                self.best = event.best
                self.history.append(event.best)
                self._steps_done = 0
                if resumed:
                    self._share_at_first = self.share_done()

    @property
    def is_baseline(self) -> bool:
        """Whether what runs is no search with swarms."""
        return self.config.search.method not in SEARCHES

    def elapsed(self) -> float:
        """Return the seconds since this process began."""
        return self.clock() - self._began

    def tokens_per_second(self) -> float:
        """Return the tokens that the models wrote per second, of this process only."""
        elapsed = self.elapsed()
        return self.usage.work.generated_tokens / elapsed if elapsed > 0 else 0.0

    def step_share(self) -> float:
        """Return how much of the step's requests are answered, 0 to 1."""
        if self.step is None:
            return 0.0
        nodes = 1 if self.config.search.method == "model-swarms" else self.experts
        wanted = self.step.systems * self.step.examples * nodes
        answered = self.usage.answered - self._step_began_at
        return min(1.0, answered / wanted) if wanted else 1.0

    def share_done(self) -> float:
        """Return how much of the longest possible search is done, 0 to 1.

        The start counts like an iteration: it evaluates as many systems.
        """
        if self.comparing:
            return 1.0
        if self.is_baseline:
            # How much a baseline will try is not known before, unless it is told.
            limit = self.config.budget.max_evaluations
            return min(1.0, self._systems_done / limit) if limit is not None else 0.0
        steps = _steps_of(self.config.search, start=self.iteration is None)
        under_way = min(1.0, (self._steps_done + self.step_share()) / steps)
        complete = 0 if self.iteration is None else self.iteration + 1
        return min(1.0, (complete + under_way) / (self.config.search.max_iterations + 1))

    def seconds_left(self) -> float | None:
        """Return an estimate of the longest the search may still take; None if it is too early."""
        share, elapsed = self.share_done(), self.elapsed()
        done_here = share - self._share_at_first
        if done_here <= 0.0:
            return None
        left = elapsed * (1.0 - share) / done_here
        limit = self.config.budget.max_seconds
        return left if limit is None else min(left, max(0.0, limit - elapsed))

    def _swarm_of(self, event: StepEnded) -> Swarm:
        if event.kind != "start":
            return "graphs" if event.kind == "role" else "weights"
        graphs_first = self.config.search.method != "model-swarms" and self._steps_done == 0
        return "graphs" if graphs_first else "weights"


def _steps_of(config: SearchConfig, *, start: bool) -> int:
    method, role = config.method, config.role
    both = method == "heterogeneous" or (method == "weight-only" and start)
    moving = role.moves > 0 and method in ("heterogeneous", "role-only") and not start
    return 1 + both + (role.order_rounds + role.edge_rounds if moving else 0)
