"""Experts added to a run that was searched, or removed from it (Model Swarms, appendix B).

A search is over coefficients, and its journal has all of its positions: what it knows can be told
again over other experts than before, without a model being loaded. The changed search is a run of
its own, with a pool file of its own beside it; the one that it came from stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from hswarm.agents.pool import FamilyEntry, Pool, pool_of
from hswarm.api import provenance
from hswarm.baselines.methods import BASELINES
from hswarm.catalog import unknown
from hswarm.config import RunConfig, to_yaml
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.search.membership import Place, enter, home_without, leave
from hswarm.search.state import SearchState
from hswarm.search.weight import purpose
from hswarm.store.disk import replace_file
from hswarm.store.journal import read_journal
from hswarm.store.lock import is_held
from hswarm.store.run import JOURNAL, Run, read_config, refuse_blended
from hswarm.store.state import newest_state
from hswarm.swarm.history import Recorded, Walk, rebuild
from hswarm.swarm.populate import populate
from hswarm.swarm.space import ROWS
from hswarm.swarm.state import SwarmState
from hswarm.swarm.unpulled import without_pulls
from hswarm.tasks.load import load_task

How = Literal["column", "paper"]
"""How an expert is taken out: its column of every row, or its pulls on all others."""

POOL: Final = "pool.yaml"
"""The pool of a run that has one of its own, in the run's folder."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A run that was made of another: where it is, its experts, and how far it had got."""

    folder: Path
    experts: tuple[str, ...]
    iteration: int
    config: RunConfig


def remove_expert(folder: Path, expert: str, *, how: How = "column", out: Path | None) -> Changed:
    """Make a run of the one in `folder` without `expert`; to be gone on with.

    By its column, nothing depends on the expert's weights any more, which are not even read. As the
    paper has it, the recorded search is replayed without the expert's pulls. HswarmError where that
    is not to be had: no whole state, two experts only, a history that is another run's.
    """
    searched = _open(folder)
    name = _family_of(searched.pool, expert)
    entry = searched.pool.families[name]
    if len(searched.company(name)) < 3:
        raise HswarmError(
            f"Without {expert} only one expert of {name} is left, and nothing to mix.",
            hint="Take an expert out of a larger pool.",
        )
    place = searched.place(name, list(entry.experts).index(expert))
    cleaned = _replay(searched, place) if how == "paper" else None
    state = leave(searched.state, place, searched.config.search, cleaned)
    left = {key: source for key, source in entry.experts.items() if key != expert}
    pool = _with_experts(searched.pool, name, left)
    event = {"event": "left", "expert": expert, "how": how}
    return _write(searched, state, pool, event, out or _beside(folder, "without", expert))


def add_expert(folder: Path, source: str, *, family: str | None, out: Path | None) -> Changed:
    """Make a run of the one in `folder` with another expert; to be gone on with.

    `source` is a folder or a hub id, called by its last part, or "NAME=SOURCE". HswarmError where
    it does not fit the others, or its name is taken.
    """
    searched = _open(folder)
    expert, source = _named(source)
    pool = searched.pool
    if expert in pool.agents:
        raise HswarmError(
            f"There is a {expert} in the run's pool already.", hint="Call it NAME=SOURCE."
        )
    name = family or _only_family(pool)
    if name not in pool.families:
        raise unknown("family", name, pool.families)
    entry = pool.families[name]
    if len(searched.company(name)) < 2:
        raise HswarmError(
            f"{name} has one expert, which the search has not moved.",
            hint="Start a new run with both in its pool.",
        )
    grown = {**entry.experts, expert: source}
    pool = _with_experts(pool, name, grown)
    before = searched.place(name, len(entry.experts))
    place = replace(before, experts=before.experts + 1, agents=len(pool.agents))
    state = enter(searched.state, place, searched.config.search)
    event = {"event": "joined", "expert": expert}
    return _write(searched, state, pool, event, out or _beside(folder, "with", expert))


@dataclass(frozen=True, slots=True)
class _Searched:
    """A run that is to be changed, as its folder has it."""

    folder: Path
    config: RunConfig
    pool: Pool
    state: SearchState

    def place(self, family: str, column: int) -> Place:
        """Return where the expert in a family's column is."""
        if self.pool.mix == "tokens":
            names = list(self.pool.families)
            before = names[: names.index(family)]
            start = sum(len(self.pool.families[name].experts) for name in before)
            return Place(0, start + column, 0, len(self.company(family)), len(self.pool.agents))
        moving = [name for name, entry in self.pool.families.items() if len(entry.experts) > 1]
        sizes = [len(self.pool.families[name].experts) for name in moving]
        number = moving.index(family)
        return Place(number, column, sum(sizes[:number]), sizes[number], len(self.pool.agents))

    def company(self, family: str) -> list[str]:
        """Return the experts that those of a family are mixed with, themselves included."""
        if self.pool.mix == "tokens":
            return _experts(self.pool)
        return list(self.pool.families[family].experts)

    @property
    def several(self) -> bool:
        """Whether more than one family is moved."""
        return len(self.state.weights) > 1


def _open(folder: Path) -> _Searched:
    config = read_config(folder)
    search = config.search
    refuse_blended(folder)
    if is_held(folder):
        raise HswarmError(f"The run {folder} is still running.", hint="Wait, or press Ctrl-C.")
    if search.method in BASELINES or search.method == "role-only":
        raise HswarmError(
            f"{search.method} moves no weights.", hint="Experts come and go in searches that do."
        )
    if search.keep is not None or search.diversity is not None:
        raise HswarmError(
            "This run's search is over some of its pool's agents.",
            hint="Experts come and go in searches of the whole pool: no --keep, no --diversity.",
        )
    if search.weight.anchor:
        raise HswarmError(
            "This run's models are anchored to where they started (search.weight.anchor).",
            hint="Experts come and go in searches whose rows are the models.",
        )
    state = newest_state(folder)
    if state is None:
        raise HswarmError(
            f"The run {folder} has no whole state.",
            hint=f"Go on with it first: hswarm optimize --resume {folder}",
        )
    pool = pool_of(config)
    searched = _Searched(folder, config, pool, SearchState.from_json(state.payload["search"]))
    if searched.several and search.weight.particles is not None:
        raise HswarmError(
            "Each of the families has search.weight.particles particles, and one would have not.",
            hint="Experts come and go in searches of several families with one particle each.",
        )
    return searched


def _replay(searched: _Searched, place: Place) -> SwarmState:
    """Return a family's swarm as the paper's formula has it without an expert."""
    config, state = searched.config.search, searched.state
    if config.weight.optimizer != "pso":
        raise HswarmError(
            f"Pulls are those of PSO, and {config.weight.optimizer} moved this swarm.",
            hint="Take the expert's column out: leave out --as.",
        )
    before = state.weights[place.family]
    particles, experts = before.position.shape
    label = list(searched.pool.families)[place.family] if searched.several else ""
    events = [
        event
        for event in read_journal(searched.folder / JOURNAL)
        if event["event"] == "positions"
        and event["family"] == label
        and event["iteration"] <= state.iteration
    ]
    recorded = [
        Recorded(np.array(e["rows"]), np.array(e["jfk"], dtype=np.float64), e.get("rebased", False))
        for e in events
    ]
    start = populate(experts, particles, seed=config.seed, crossover=config.weight.crossover)
    walk = Walk(config.weight, config.seed, purpose(place.family))
    history = rebuild(recorded, start, walk, ROWS)
    home = home_without(before, config)
    return without_pulls(history, place.column, place.column, home, walk)


def _write(
    searched: _Searched, state: SearchState, pool: Pool, event: Mapping[str, Any], out: Path
) -> Changed:
    """Write the run that goes on from `state` with `pool`; `event` says what has changed."""
    config = searched.config
    task = load_task(config.task, data=config.data, limit=config.limit, scorer=config.scorer)
    made_of = provenance(task, pool.open())
    particles = config.search.weight.particles
    if particles is not None:
        particles += len(pool.agents) - len(searched.pool.agents)
    weight = config.search.weight.model_copy(update={"particles": particles})
    search = config.search.model_copy(update={"weight": weight})
    update = {"pool": str((out / POOL).absolute()), "search": search}
    config = config.model_copy(update=update)
    with Run.create(out, config, {**made_of, "from": str(searched.folder.absolute())}) as run:
        replace_file(out / POOL, to_yaml(pool).encode())
        run.journal.append({**event, "iteration": state.iteration})
        payload = {
            "config": config.model_dump(mode="json"),
            "search": state.to_json(),
            "usage": Usage().snapshot(),
            "seconds": 0.0,
            "runs": 0,
        }
        run.save_state(payload, utility=float("nan"))
    return Changed(out, tuple(_experts(pool)), state.iteration, config)


def _family_of(pool: Pool, expert: str) -> str:
    for name, entry in pool.families.items():
        if expert in entry.experts:
            return name
    raise unknown("expert in the run's pool", expert, _experts(pool))


def _experts(pool: Pool) -> list[str]:
    return [name for entry in pool.families.values() for name in entry.experts]


def _only_family(pool: Pool) -> str:
    if len(pool.families) != 1:
        raise HswarmError(
            "Which family does it join?", hint=f"--family: {', '.join(pool.families) or 'none'}."
        )
    return next(iter(pool.families))


def _with_experts(pool: Pool, family: str, experts: Mapping[str, str]) -> Pool:
    """Return a pool whose family has these experts; what is said of others is left out."""
    entry: FamilyEntry = pool.families[family].model_copy(update={"experts": dict(experts)})
    families = {**pool.families, family: entry}
    left = {name: own for name, own in families.items() if own.experts}
    changed = pool.model_copy(update={"families": left})

    def told(of: Mapping[str, Any]) -> dict[str, Any]:
        return {name: said for name, said in of.items() if name in changed.agents}

    training = pool.training.model_copy(update={"experts": told(pool.training.experts)})
    return changed.model_copy(
        update={
            "descriptions": told(pool.descriptions),
            "data": told(pool.data),
            "training": training,
        }
    )


def _named(source: str) -> tuple[str, str]:
    name, equals, place = source.partition("=")
    if not equals:
        place = source
        name = Path(source.partition("@")[0]).name
    folder = Path(place).expanduser()
    return name, str(folder.absolute()) if folder.is_dir() else place


def _beside(folder: Path, word: str, expert: str) -> Path:
    return folder.with_name(f"{folder.name}-{word}-{re.sub(r'[^A-Za-z0-9._-]+', '-', expert)}")
