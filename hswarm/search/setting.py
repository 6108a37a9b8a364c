"""What every step of a search is given: the agents, the examples, the engine, who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hswarm.config import SearchConfig
from hswarm.engines.request import Engine, Sampling
from hswarm.evaluate import Evaluation, evaluate
from hswarm.search.events import Note, Observer, StepEnded, StepKind, StepStarted, ignore
from hswarm.search.found import Candidate
from hswarm.search.roster import Roster
from hswarm.search.tally import Tally
from hswarm.tasks.task import Example, Scorer

Record = Callable[[Mapping[str, Any]], None]


def forget(event: Mapping[str, Any]) -> None:
    """Record nothing."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a step needs besides the state it moves."""

    roster: Roster
    examples: tuple[Example, ...]
    scorer: Scorer
    sampling: Sampling
    config: SearchConfig
    engine: Engine
    observe: Observer = ignore
    held: tuple[Example, ...] = ()
    """Dev items that the search does not see."""
    record: Record = forget
    """Takes one journal line, a mapping of JSON values, per evaluation and step."""
    tally: Tally = field(default_factory=Tally)

    async def evaluate(
        self, iteration: int, kind: StepKind, candidates: Sequence[Candidate]
    ) -> list[Evaluation]:
        """Evaluate candidates on the dev examples; equal systems run once. Each is recorded.

        Raises `BudgetSpent` before anything is run if there may not be so many.
        """
        systems = [(c.dag, c.models(self.roster)) for c in candidates]
        distinct = dict(zip(systems, candidates, strict=True))
        self.tally.take(len(distinct), len(self.examples))
        self.observe(StepStarted(iteration, kind, len(distinct), len(self.examples)))
        done = await evaluate(
            [candidate.system(self.roster) for candidate in distinct.values()],
            self.examples,
            self.scorer,
            self.engine,
            self.sampling,
        )
        by_system = dict(zip(distinct, done, strict=True))
        evaluations = [by_system[system] for system in systems]
        for candidate, evaluation in zip(candidates, evaluations, strict=True):
            self.record(
                {
                    "event": "evaluation",
                    "iteration": iteration,
                    "step": kind,
                    **candidate.to_json(),
                    "items": len(self.examples),
                    "utility": evaluation.utility,
                    "unscored": len(evaluation.failures),
                }
            )
        for failure in sorted({f for evaluation in done for f in evaluation.failures}):
            self.record({"event": "failure", "iteration": iteration, "step": kind, "what": failure})
            self.observe(Note(f"Not scored: {failure}"))
        return evaluations

    def end_step(
        self,
        iteration: int,
        kind: StepKind,
        evaluations: Sequence[Evaluation],
        best: float,
        spread: float,
    ) -> None:
        """Tell whoever watches that a step is done."""
        utilities = tuple(evaluation.utility for evaluation in evaluations)
        self.observe(StepEnded(iteration, kind, utilities, best, spread))
