"""What every step of a search is given: the agents, the examples, the engine, who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hswarm.config import SearchConfig
from hswarm.engines.request import Engine, Sampling
from hswarm.evaluate import Evaluation, evaluate
from hswarm.search.events import Note, Observer, StepEnded, StepKind, StepStarted, ignore
from hswarm.search.found import Candidate
from hswarm.search.racing import race
from hswarm.search.roster import Roster
from hswarm.search.stopping import Bar, Easiness, Run, evaluate_while_it_matters
from hswarm.search.tally import Tally
from hswarm.swarm.random import generator
from hswarm.system import System
from hswarm.tasks.task import Bounded, Example, Scorer, Whole

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
    easiness: Easiness = field(default_factory=Easiness)

    async def evaluate(
        self,
        iteration: int,
        kind: StepKind,
        candidates: Sequence[Candidate],
        bars: Sequence[Bar] | None = None,
    ) -> list[Evaluation]:
        """Evaluate candidates on the dev examples; equal systems run once. Each is recorded.

        `bars`, one per candidate, say what a utility has to pass to matter; without them every
        score is needed. Raises `BudgetSpent` before anything is run if there may not be so many.
        """
        systems = [(c.dag, c.models(self.roster)) for c in candidates]
        distinct = dict(zip(systems, candidates, strict=True))
        self.tally.take(len(distinct), len(self.examples))
        self.observe(StepStarted(iteration, kind, len(distinct), len(self.examples)))
        ready = [candidate.system(self.roster) for candidate in distinct.values()]
        if bars is None or isinstance(self.scorer, Whole):
            done = await self._run(ready, self.examples)
        else:
            joined: dict[Any, Bar] = {}
            for system, bar in zip(systems, bars, strict=True):
                joined[system] = joined[system] & bar if system in joined else bar
            done = await self._run_in_part(ready, [joined[s] for s in distinct], iteration, kind)
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
                    **({"spared": evaluation.spared} if evaluation.spared else {}),
                }
            )
        for failure in sorted({f for evaluation in done for f in evaluation.failures}):
            self.record({"event": "failure", "iteration": iteration, "step": kind, "what": failure})
            self.observe(Note(f"Not scored: {failure}"))
        return evaluations

    async def _run(
        self, systems: Sequence[System], examples: Sequence[Example]
    ) -> list[Evaluation]:
        return await evaluate(systems, examples, self.scorer, self.engine, self.sampling)

    async def _run_in_part(
        self, systems: Sequence[System], bars: Sequence[Bar], iteration: int, kind: StepKind
    ) -> list[Evaluation]:
        """Evaluate systems as far as their utilities matter, if the configuration says so."""
        bounds = self.scorer.bounds if isinstance(self.scorer, Bounded) else None
        config = self.config
        if config.race is not None:
            rng = generator(config.seed, f"race {kind}", iteration)
            order = rng.permutation(len(self.examples)).tolist()

            async def run(numbers: Sequence[int], part: Sequence[Example]) -> list[Evaluation]:
                return await self._run([systems[k] for k in numbers], part)

            done = await race(len(systems), self.examples, order, config.race, run)
        elif config.early_stop and config.finalists == 1 and bounds is not None:
            ranked = self.easiness.rank(self.examples)

            def runner(system: System) -> Run:
                async def run(part: Sequence[Example]) -> Evaluation:
                    return (await self._run([system], part))[0]

                return run

            done = await asyncio.gather(
                *(
                    evaluate_while_it_matters(self.examples, bar, bounds, ranked, runner(system))
                    for system, bar in zip(systems, bars, strict=True)
                )
            )
            for evaluation in done:
                self.easiness.add(self.examples, evaluation.scores)
        else:
            done = await self._run(systems, self.examples)
        self.tally.spared += sum(evaluation.spared for evaluation in done)
        return done

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
