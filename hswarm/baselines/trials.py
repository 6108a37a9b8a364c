"""What a baseline is given: it tries systems on dev, within a budget, and the best is its result.

A method is a coroutine over `Trials`. It measures what it only wants to know something about, and
enters what may be its result. Whenever the budget is gone it is simply not gone on with: the best
of what was entered is the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hswarm.agents.agent import Sitter
from hswarm.agents.ensemble import Ensemble
from hswarm.baselines.workshop import Made, Workshop
from hswarm.engines.purse import BudgetSpent
from hswarm.engines.request import ModelReference
from hswarm.errors import HswarmError
from hswarm.evaluate import Evaluation
from hswarm.experts.recipe import Recipe
from hswarm.graph.dag import LONE, Dag
from hswarm.search.events import StepKind
from hswarm.search.found import Candidate, Found, better
from hswarm.search.roster import Frozen, Roster, Row
from hswarm.search.setting import Setting

System = tuple[Dag, tuple[Sitter, ...]]


@dataclass(slots=True)
class Trials:
    """Systems tried so far. A system that was tried before costs nothing to try again."""

    setting: Setting
    kind: StepKind = "start"
    """What a watcher is told that this is."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """Agent -> what it is for, as the pool says."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Expert -> what it was trained on (`hswarm.baselines.corpora`)."""
    recipe: Recipe = field(default_factory=Recipe)
    """How experts are trained."""
    on_batch: Callable[[], None] = lambda: None
    """Called after each complete batch of evaluations."""
    workshop: Workshop | None = None
    """Where experts can be made."""
    found: Found | None = None
    """The best that was entered."""
    roster: Roster = field(init=False)
    """Who there is in the pool. In `setting.roster` those that were made come after them."""
    _made: dict[int, Made] = field(default_factory=dict)
    """By number in `setting.roster`."""
    _known: dict[System, Evaluation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roster = self.setting.roster

    @property
    def seed(self) -> int:
        """What every draw is keyed by."""
        return self.setting.config.seed

    def allowed(self, default: int) -> int:
        """Return how many evaluations there are: what the budget has left, else `default`."""
        left = self.setting.tally.left
        return default if left is None else left

    async def measure(self, candidates: Sequence[Candidate]) -> list[float]:
        """Return the dev utilities of systems that are no results; NaN where none was scored.

        Raises `BudgetSpent` where there is not enough left for all of them: a few of them would
        tell nothing.
        """
        systems = [self._system(candidate) for candidate in candidates]
        fresh = {s: c for s, c in zip(systems, candidates, strict=True) if s not in self._known}
        await self._evaluate(fresh)
        return [self._known[system].utility for system in systems]

    async def enter(self, candidates: Sequence[Candidate]) -> list[float]:
        """Return the dev utilities of systems that may be the result.

        Of more than the budget allows the first are still evaluated before `BudgetSpent` is raised.
        """
        affordable = self._affordable(candidates)
        utilities = await self.measure(affordable)
        for candidate, utility in zip(affordable, utilities, strict=True):
            self.found = better(self.found, candidate, utility, 0)
        if len(affordable) < len(candidates):
            raise BudgetSpent("max-evaluations")
        return utilities

    def hire(self, agent: Frozen) -> int:
        """Return the number of somebody new who is none of the pool."""
        frozen = (*self.setting.roster.frozen, agent)
        roster = replace(self.setting.roster, frozen=frozen, particles=None)
        self.setting = replace(self.setting, roster=roster)
        return len(roster) - 1

    async def enter_made(
        self, name: str, expert: int, write: Callable[[Path], None], common: str | None = None
    ) -> float:
        """Make an expert on the base of the pool's `expert` (a number), and enter it alone.

        `write` writes it, in PEFT's format, to a new folder; if the task has no part in it, it has
        a name in `common` (`Workshop.make`). Returns its utility. Of those made so far only the
        best is kept.
        """
        shop = self.shop()
        if self.setting.tally.left == 0:
            raise BudgetSpent("max-evaluations")  # before what may take long
        made = shop.make(name, shop.family_of(self.roster, expert), write, common)
        number = self.hire(made.agent)
        shop.take_on(made)
        try:
            (utility,) = await self.enter([Candidate(LONE, (number,), ((),))])
        finally:
            shop.let_go(made)
        self._made[number] = made
        best = self.found.candidate.agents[0] if self.found is not None else None
        for loser in [n for n in self._made if n != best]:
            shop.discard(self._made.pop(loser))
        return utility

    def made_name(self, method: str, expert: int, number: int) -> str:
        """Return what to call the `number`-th expert that `method` makes of one like `expert`."""
        label = self.roster.families[self.roster.seats[expert].family or 0].label
        return " ".join(filter(None, (label, method, str(number))))

    def shop(self) -> Workshop:
        """Return the workshop; HswarmError where nothing can be made."""
        if self.workshop is None:
            raise HswarmError(
                "This method makes experts, and there is nowhere to make them.",
                hint="Run it by hswarm optimize.",
            )
        return self.workshop

    def open_shop(self) -> Workshop:
        """Return the workshop, found able to make experts of every family of the pool.

        HswarmError, before anything is measured, where it is not.
        """
        shop = self.shop()
        for experts in self.families():
            shop.check(self.roster, experts[0])
        return shop

    def keep_found(self) -> None:
        """Have the engine answer for the best that was entered, if it was made."""
        if self.found is not None and self._made:
            for number in set(self.found.candidate.agents) & set(self._made):
                self.shop().take_on(self._made[number])

    async def measure_singles(self, *, and_then: int = 0) -> list[float]:
        """Return everybody's utility alone, by number: as many evaluations as there are agents.

        Raises `BudgetSpent`, before anybody is measured, where it has not `and_then` more: without
        these there would be no result.
        """
        left = self.setting.tally.left
        if left is not None and left < len(self.roster) + and_then:
            raise BudgetSpent("max-evaluations")
        return await self.measure(self.singles())

    def singles(self) -> list[Candidate]:
        """Return everybody alone, as they came."""
        rows = self.roster.original_rows()
        return [Candidate.place(LONE, [agent], rows) for agent in range(len(self.roster))]

    def models(self) -> dict[str, ModelReference]:
        """Return everybody in the pool, as they came, by name."""
        rows = self.roster.original_rows()
        everybody = {self.roster.name(k): self.roster.model(k, row) for k, row in enumerate(rows)}
        return {n: model for n, model in everybody.items() if not isinstance(model, Ensemble)}

    def families(self) -> list[list[int]]:
        """Return the agents' numbers, family by family, of those whose weights can be merged."""
        # Particles beside the experts are no models that came with the pool.
        return [
            self.roster.numbers(number)[: len(experts)]
            for number, experts in enumerate(self.roster.families)
        ]

    def blended(self, experts: Sequence[int], row: Sequence[float]) -> Candidate:
        """Return one model alone: the family `experts` (their numbers) blended by `row`."""
        heaviest = max(range(len(row)), key=lambda place: abs(row[place]))
        weights: Row = tuple(float(coefficient) for coefficient in row)
        return Candidate(LONE, (experts[heaviest],), (weights,))

    def arranged(self, dag: Dag) -> Candidate:
        """Return everybody in the node of their number, as they came."""
        return Candidate.place(dag, range(len(dag)), self.roster.original_rows())

    def _system(self, candidate: Candidate) -> System:
        return candidate.dag, candidate.models(self.setting.roster)

    def _affordable(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the first of `candidates`, as many as the budget allows."""
        left = self.setting.tally.left
        seen: set[System] = set()
        chosen = []
        for candidate in candidates:
            system = self._system(candidate)
            if system not in self._known:
                seen.add(system)
                if left is not None and len(seen) > left:
                    break
            chosen.append(candidate)
        return chosen

    async def _evaluate(self, fresh: dict[System, Candidate]) -> None:
        if not fresh:
            return
        evaluations = await self.setting.evaluate(0, self.kind, list(fresh.values()))
        self._known.update(zip(fresh, evaluations, strict=True))
        best = self.found.utility if self.found is not None else -math.inf
        if self.kind == "baseline":  # what a found system is compared with takes no step
            self.setting.end_step(0, self.kind, evaluations, best, math.nan)
        self.on_batch()


def ranked(numbers: Sequence[int], utilities: Sequence[float]) -> list[int]:
    """Return `numbers` by falling utility (`utilities` is everybody's), NaN last, ties in order."""

    def worth(number: int) -> float:
        utility = utilities[number]
        return -math.inf if math.isnan(utility) else utility

    return sorted(numbers, key=lambda number: -worth(number))
