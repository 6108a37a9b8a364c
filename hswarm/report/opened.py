"""A finished run with its task and its pool at hand, and the systems that it was about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from hswarm.agents.agent import Sitter, make_agent
from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import pool_of
from hswarm.baselines.workshop import FOLDER, open_found
from hswarm.config import SEARCHES, validated
from hswarm.errors import HswarmError
from hswarm.graph.dag import LONE, Dag
from hswarm.pipeline.seats import found_system
from hswarm.search.found import Candidate
from hswarm.search.result import Result
from hswarm.search.roster import Roster
from hswarm.search.selection import read_chosen
from hswarm.search.state import SearchState
from hswarm.store.changes import refuse_other_content
from hswarm.store.record import Record, read_run
from hswarm.store.run import JOURNAL, PROVENANCE, RESULT
from hswarm.store.state import newest_state
from hswarm.system import System
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Task


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """See the module."""

    record: Record
    result: Result
    task: Task
    pool: OpenPool
    roster: Roster

    @property
    def dag(self) -> Dag:
        """The found graph."""
        return Dag(tuple(node.parents for node in self.result.found.nodes))

    @property
    def models(self) -> int:
        """How many models answer in the found system; those of an ensemble one by one."""
        return sum(len(node.members) or 1 for node in self.result.found.nodes)

    @property
    def searched(self) -> bool:
        """Whether swarms searched, iteration by iteration; a baseline tries systems."""
        return self.result.method in SEARCHES

    def found_pool(self) -> OpenPool:
        """Return the pool with the experts that were made in the run and are in what it found.

        HswarmError where one of those is not there any more.
        """
        nodes, known = self.result.found.nodes, self.pool.families
        made = open_found(nodes, known, self.record.folder / FOLDER)
        return replace(self.pool, families=(*known, *made))

    def found(self) -> System:
        """Return the found system."""
        return found_system(self.result.found.nodes, self.found_pool())

    def singles(self) -> dict[str, System]:
        """Return every agent of the pool alone, as it came."""
        roster, rows = self.roster, self.roster.original_rows()
        return {
            name: alone(name, roster.model(agent, rows[agent]))
            for agent, name in enumerate(roster.names)
        }

    def moved(self) -> dict[str, System]:
        """Return every particle of the weight swarms alone, where it did best.

        Empty if no weights were moved, or the run's state is not whole any more.
        """
        state = newest_state(self.record.folder)
        if state is None or self.result.method == "role-only":
            return {}
        swarms = SearchState.from_json(state.payload["search"]).weights
        return {
            experts.name_particle(place): alone(
                experts.name_particle(place),
                experts.model(tuple(map(float, row))),
            )
            for experts, swarm in zip(self.roster.families, swarms, strict=True)
            for place, row in enumerate(swarm.personal_best)
        }

    def bests(self) -> Iterator[tuple[int, Candidate]]:
        """Yield the best system so far at the end of each iteration that found a better one.

        A candidate that was tried on fewer items than the start was is no best.
        """
        best, utility, items, told = None, float("-inf"), 0, None
        for event in self.record.events():
            if event["event"] == "evaluation":
                items = max(items, event.get("items", 0))
                if event["utility"] > utility and event.get("items", 0) == items:
                    best, utility = event, event["utility"]
            elif event["event"] == "iteration" and best is not None and best is not told:
                told = best
                yield event["iteration"], self._candidate(best)

    def _candidate(self, event: Mapping[str, Any]) -> Candidate:
        try:
            return Candidate.from_json(event)
        except (KeyError, TypeError, ValueError):
            folder = self.record.folder
            raise HswarmError(
                f"{folder / JOURNAL} was written by another version of hswarm, or is damaged.",
                hint=f"Use the version named in {folder / PROVENANCE}.",
            ) from None


def open_run(folder: Path) -> OpenedRun:
    """Open the finished run in `folder`.

    HswarmError if it is not finished, or its task or pool is not to be had or not what it was.
    """
    record = read_run(folder)
    if record.status != "finished" or record.result is None:
        go_on = f"Go on with it: hswarm optimize --resume {quote(str(folder))}"
        raise HswarmError(
            f"The run in {folder} is not finished.",
            hint=f"See how it is getting on: hswarm watch {quote(str(folder))}"
            if record.status == "running"
            else go_on,
        )
    config = record.config
    task = load_task(config.task, data=config.data, limit=config.limit, scorer=config.scorer)
    pool = pool_of(config).open()
    refuse_other_content(
        folder, record.provenance, {"task": task.fingerprint, "pool": pool.fingerprint}
    )
    result = validated(Result, record.result, str(folder / RESULT))
    particles = config.search.weight.particles
    roster = Roster.of(pool, particles)
    chosen = read_chosen(record.events())
    if chosen is not None:
        roster = roster.select(chosen.agents, particles)
    return OpenedRun(record, result, task, pool, roster)


def alone(name: str, model: Sitter) -> System:
    """Return a model as a system of its own."""
    return System(LONE, (make_agent(name, model),))
