"""A run from where it stands to its result: engine, search, comparison, what is written down."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Any, Final, get_args

from hswarm.agents.opened import OpenPool
from hswarm.baselines.methods import BASELINES
from hswarm.baselines.workshop import FOLDER, Host, Workshop
from hswarm.comparison import (
    Measured,
    choose_rivals,
    compare_systems,
    measure_systems,
    report_selection,
)
from hswarm.config import RunConfig, SearchConfig
from hswarm.engines.assemble import assemble
from hswarm.engines.endpoint import knock, require_price
from hswarm.engines.memo import MemoEngine
from hswarm.engines.purse import Limit, Purse
from hswarm.engines.request import MICRO, Engine, Sampling
from hswarm.engines.usage import DOLLAR, Usage
from hswarm.errors import HswarmError
from hswarm.evaluate import calibrate
from hswarm.experts.vocabulary import cover
from hswarm.outcome import run_baseline, run_search
from hswarm.search.budget import BudgetedEngine
from hswarm.search.events import Note, Observer, ignore
from hswarm.search.failures import FailureLimit
from hswarm.search.finalists import hold_out
from hswarm.search.found import reference
from hswarm.search.loop import Checkpoint, settled
from hswarm.search.result import Result, TokenShare, TokensReport, UsageReport, dump
from hswarm.search.roster import Roster
from hswarm.search.selection import Chosen, check_selection, choose_agents, read_chosen
from hswarm.search.setting import Setting, forget
from hswarm.search.state import SearchState
from hswarm.search.stopping import Easiness
from hswarm.search.tally import Tally
from hswarm.store.journal import read_journal
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import JOURNAL, Run
from hswarm.swarm import optimizer
from hswarm.swarm.populate import populate
from hswarm.tasks.task import Outside, Task

RATINGS: Final = "ratings.sqlite"
"""What judges and classifiers said, in a run's folder."""

DIGITS: Final = 4
"""Of a mean probability, so that it does not depend on how the engine cuts its work."""
MISSING_TOLD: Final = 10
"""Tokens that a result names of those that a family does not share."""


@dataclass(slots=True)
class Watch:
    """How a run is watched: `observe` gets its events, `usage` its counters once it runs."""

    observe: Observer = ignore
    usage: Usage = field(default_factory=Usage)
    begun: Callable[[Path, Task, OpenPool], None] = lambda folder, task, pool: None


@dataclass(frozen=True, slots=True)
class Models:
    """Everybody's engine, and the purse that their calls are paid from."""

    engine: Engine
    purse: Purse
    host: Host
    """What takes on experts that a run makes."""
    common: Path | None = None
    """Where runs that share them keep experts that any of them would make alike."""


def _check_places(config: SearchConfig, particles: int, experts: int) -> None:
    """Refuse positions beyond the experts' own where only those who sit in a graph are scored."""
    seated = config.method in {"heterogeneous", "weight-only"} and config.weight.credit == "places"
    if seated and particles > experts:
        raise HswarmError(
            f"search.weight.particles is {particles}, but {experts} experts sit in a graph: "
            "nobody else would be scored by what it does in its place.",
            hint="Score them by JFK-scores: search.weight.credit assignments, or both.",
        )


def load(pool: OpenPool, config: RunConfig) -> Models:
    """Load the models.

    HswarmError where a family, the device, how many systems or graphs of which size, or a swarm's
    size do not fit, a limit in dollars cannot hold, or nobody is there to be asked.
    """
    check_selection(config.search, len(pool))
    optimizer.check(config.search.role, config.search.role.particles)
    for family in pool.mixtures or pool.families:
        particles = config.search.weight.particles or len(family)
        _check_places(config.search, particles, len(family))
        populate(len(family), particles, seed=config.search.seed)
        if len(family) > 1:
            optimizer.check(config.search.weight, particles)
    limit = config.budget.max_dollars
    for name, endpoint in pool.remote.items():
        if limit is not None:
            require_price(name, endpoint, given_in="the pool")
        knock(name, endpoint)
    purse = Purse(round(limit * DOLLAR) if limit is not None else None)
    engine = assemble(
        pool.families,
        config.engine,
        remote=pool.remote,
        tools=pool.tools,
        mixtures=pool.mixtures,
        purse=purse,
    )
    return Models(engine, purse, engine)


async def see_through(
    run: Run,
    task: Task,
    pool: OpenPool,
    models: Models,
    watch: Watch,
    *,
    rivals: bool = True,
    to_resume: str | None = None,
) -> Result:
    """Go on with `run` where its state says, to its end; return what was found.

    Without `rivals` the found system is compared with nothing. `to_resume` is the command to go on
    with, where that is not the run's own. Whose money is spent is the caller's to say
    (`Purse.keep_books`).

    Raises HswarmError for what the user can mend; the run can then be resumed.
    """
    command = to_resume or f"hswarm optimize --resume {quote(str(run.folder))}"
    watch.begun(run.folder, task, pool)
    if task.leaked:
        watch.observe(
            Note(f"{task.leaked} of the {len(task.test)} test items are among the dev items too.")
        )
    with SqliteMemo(run.memo) as store:
        if store.note is not None:
            watch.observe(Note(store.note))
        memo = MemoEngine(models.engine, store, usage=watch.usage, remember=run.config.engine.memo)
        failures = FailureLimit(memo, watch.usage, run.config.budget.max_failed, command)
        return await _search_and_compare(
            run, task, pool, models, memo=memo, failures=failures, watch=watch, rivals=rivals
        )


@asynccontextmanager
async def remembered_ratings(
    task: Task, folder: Path, purse: Purse, *, shared: bool = False
) -> AsyncIterator[None]:
    """Have what a task's judge or classifier says kept in `folder`: it is asked once only.

    One that costs money is paid from `purse`. Whoever was asked is let go of at the end. `shared`
    is for a folder in which several processes are at work.
    """
    if not isinstance(task.scorer, Outside):
        yield
        return
    with SqliteMemo(folder / RATINGS, shared=shared) as store:
        task.scorer.prepare(store, purse)
        try:
            yield
        finally:
            await task.scorer.aclose()


async def _search_and_compare(
    run: Run,
    task: Task,
    pool: OpenPool,
    models: Models,
    *,
    memo: MemoEngine,
    failures: FailureLimit,
    watch: Watch,
    rivals: bool,
) -> Result:
    config, usage = run.config, watch.usage
    whole = Roster.of(pool, config.search.weight.particles)
    sampling = Sampling(max_tokens=task.max_tokens)
    scorer = await calibrate(task.scorer, reference(whole), task.dev, memo, sampling)
    task = replace(task, scorer=scorer)
    saved = run.resumed.state.payload if run.resumed is not None else None
    state = SearchState.from_json(saved["search"]) if saved is not None else None
    if saved is not None:
        usage.restore(saved["usage"])
    begun = state is not None and not state.unmeasured
    engine = BudgetedEngine(
        failures,
        config.budget,
        tokens=lambda: usage.generated_tokens,
        seconds=saved["seconds"] if saved is not None else 0.0,
        armed=begun,
    )
    # The methods that are compared with a search choose by all of dev.
    share = 0.0 if config.search.method in BASELINES else config.search.held
    searched_on, held = hold_out(task.dev, share, config.search.seed)
    tally, easiness = _counted(saved, task, config, armed=begun)
    setting = Setting(
        roster=whole,
        examples=searched_on,
        held=held,
        scorer=task.scorer,
        sampling=sampling,
        config=config.search,
        engine=engine,
        observe=watch.observe,
        record=run.journal.append,
        tally=tally,
        easiness=easiness,
    )
    memo.begin_step(state.iteration + 1 if state is not None else 0)
    chosen = await _choose(run, setting, state)
    setting = _narrowed(setting, chosen)

    def end_step(step: int) -> None:
        failures.check()
        memo.begin_step(step + 1)

    checkpoint = _checkpoint(
        run, usage, memo=memo, failures=failures, engine=engine, setting=setting
    )

    try:
        if config.search.method in BASELINES:
            engine.armed = tally.armed = True
            workshop = Workshop.of(
                pool, run.folder / FOLDER, models.host, config.engine.device, models.common
            )
            outcome = await run_baseline(setting, pool, workshop, end_step=end_step)
        else:
            outcome = await run_search(setting, checkpoint, state)
        if outcome.reason in get_args(Limit):
            memo.drop_step()
        unlimited = replace(setting, engine=failures, tally=Tally())
        found = await outcome.choose(unlimited)
        searched = _report(usage)
        if found is None or not math.isfinite(found.utility):
            raise HswarmError(
                "The search evaluated nothing that could be scored.",
                hint=f"{run.folder / 'journal.jsonl'} says what failed.",
            )
        comparing = replace(unlimited, record=forget, examples=task.dev)
        systems = {"found system": Measured.of(found, outcome.roster)}
        if rivals:
            systems |= await _rivals(comparing, outcome.roster, chosen, whole)
        dev, test = await measure_systems(systems, failures, task)
        failures.check()
    finally:
        await memo.aclose()
    reports, unscored = compare_systems(systems, dev, test)
    result = Result(
        task=task.title,
        pool=pool.name,
        method=config.search.method,
        seed=config.search.seed,
        iterations=outcome.iterations,
        stopped=outcome.reason,
        evaluations=tally.spent,
        spared=tally.spared,
        race=config.search.race,
        found=reports[0],
        compared=tuple(reports[1:]),
        search=searched,
        total=_report(usage),
        failures=tuple(unscored),
        found_in=found.iteration,
        selection=report_selection(dev[0], test[0], outcome.finalists, share, config.search.seed),
        tokens=_report_tokens(pool, usage),
    )
    run.write_accounts({**usage.report(), "paid": models.purse.paid / DOLLAR})
    run.write_result(dump(result))
    return result


async def _rivals(
    setting: Setting, roster: Roster, chosen: Chosen | None, whole: Roster
) -> dict[str, Measured]:
    """Return what the found system is compared with, whoever was withheld from it included."""
    found = await choose_rivals(setting)
    rivals = {name: Measured.of(own, roster) for name, own in found.items()}
    strongest = chosen.strongest(whole) if chosen is not None else None
    if strongest is not None:
        rivals["best single of all"] = Measured.of(strongest, whole)
    return rivals


async def _choose(run: Run, setting: Setting, state: SearchState | None) -> Chosen | None:
    """Return who the search is over: as the journal has it, or chosen now and written there."""
    if state is not None:
        return read_chosen(read_journal(run.folder / JOURNAL))
    chosen = await choose_agents(setting)
    if chosen is not None:
        run.journal.append(chosen.to_json())
    return chosen


def _counted(
    saved: Mapping[str, Any] | None, task: Task, config: RunConfig, *, armed: bool
) -> tuple[Tally, Easiness]:
    """Return what has been counted so far, as it was saved."""
    tally = Tally(items=len(task.dev), limit=config.budget.max_evaluations, armed=armed)
    easiness = Easiness()
    if saved is not None:
        tally.runs, tally.spared = saved["runs"], saved.get("spared", 0)
        easiness.restore(saved.get("easiness", {}))
    return tally, easiness


def _narrowed(setting: Setting, chosen: Chosen | None) -> Setting:
    """Return a setting over those who were chosen, with all that its method implies."""
    roster, config = setting.roster, setting.config
    if chosen is not None:
        roster = roster.select(chosen.agents, config.weight.particles)
    return replace(setting, roster=roster, config=settled(config, roster))


def _checkpoint(
    run: Run,
    usage: Usage,
    *,
    memo: MemoEngine,
    failures: FailureLimit,
    engine: BudgetedEngine,
    setting: Setting,
) -> Checkpoint:
    """Return what writes down how far a search is, whenever an iteration ends."""
    tally = setting.tally

    def checkpoint(reached: SearchState) -> None:
        failures.check()
        memo.flush()
        counts = {"answered": usage.answered, "generated": usage.generated}
        run.journal.append({"event": "iteration", "iteration": reached.iteration, **counts})
        payload = {
            "config": run.config.model_dump(mode="json"),
            "search": reached.to_json(),
            "usage": usage.snapshot(),
            "seconds": engine.elapsed(),
            "runs": tally.runs,
            "spared": tally.spared,
            "easiness": setting.easiness.to_json(),
        }
        run.save_state(payload, utility=reached.found.utility if reached.found else float("nan"))
        work = asdict(usage.work)
        run.timings.append({"iteration": reached.iteration, "search": engine.elapsed(), **work})
        memo.begin_step(reached.iteration + 1)
        engine.armed = tally.armed = True

    return checkpoint


def _report_tokens(pool: OpenPool, usage: Usage) -> TokensReport | None:
    """Say what a mixture of tokens is over, if one was searched."""
    if not pool.mixtures:
        return None
    return TokensReport(
        families=tuple(
            TokenShare(
                family=own.family,
                tokens=own.tokens,
                shared=own.shared,
                missing=own.missing[:MISSING_TOLD],
            )
            for own in cover(pool.mixtures[0])
        ),
        left_out=round(usage.left_out / MICRO / max(1, usage.generated_tokens), DIGITS),
    )


def _report(usage: Usage) -> UsageReport:
    return UsageReport(
        answered=usage.answered,
        generated=usage.generated,
        prompt_tokens=usage.prompt_tokens,
        generated_tokens=usage.generated_tokens,
        dollars=usage.dollars,
    )
