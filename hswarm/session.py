"""A run from where it stands to its result: engine, search, comparison, what is written down."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import get_args

from hswarm.agents.opened import OpenPool
from hswarm.baselines.attempt import Ending, attempt
from hswarm.baselines.methods import BASELINES
from hswarm.baselines.trials import Trials
from hswarm.baselines.workshop import FOLDER, Workshop
from hswarm.comparison import choose_rivals, compare_systems
from hswarm.config import RunConfig
from hswarm.engines.assemble import assemble
from hswarm.engines.memo import MemoEngine
from hswarm.engines.purse import BudgetSpent, Limit, Purse
from hswarm.engines.request import Sampling
from hswarm.engines.router import RouterEngine
from hswarm.engines.usage import DOLLAR, Usage
from hswarm.errors import HswarmError
from hswarm.search.budget import BudgetedEngine
from hswarm.search.events import Note, Observer, ignore
from hswarm.search.failures import FailureLimit
from hswarm.search.found import Found
from hswarm.search.loop import Reason, search, settled
from hswarm.search.result import Result, UsageReport, dump
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting, forget
from hswarm.search.state import SearchState
from hswarm.search.tally import Tally
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run
from hswarm.swarm.populate import populate
from hswarm.tasks.task import Task


@dataclass(slots=True)
class Watch:
    """How a run is watched: `observe` gets its events, `usage` its counters once it runs."""

    observe: Observer = ignore
    usage: Usage = field(default_factory=Usage)
    begun: Callable[[Path, Task, OpenPool], None] = lambda folder, task, pool: None


@dataclass(frozen=True, slots=True)
class Models:
    """Everybody's engine, and the purse that their calls are paid from."""

    engine: RouterEngine
    purse: Purse


def load(pool: OpenPool, config: RunConfig) -> Models:
    """Load the models; HswarmError where a family, the device or a swarm's size do not fit."""
    for family in pool.families:
        particles = config.search.weight.particles or len(family)
        populate(len(family), particles, seed=config.search.seed)
    limit = config.budget.max_dollars
    purse = Purse(round(limit * DOLLAR) if limit is not None else None)
    engine = assemble(
        pool.families, config.engine, remote=pool.remote, tools=pool.tools, purse=purse
    )
    return Models(engine, purse)


def see_through(run: Run, task: Task, pool: OpenPool, models: Models, watch: Watch) -> Result:
    """Go on with `run` where its state says, to its end; return what was found.

    Raises HswarmError for what the user can mend; the run can then be resumed.
    """
    watch.begun(run.folder, task, pool)
    if task.leaked:
        watch.observe(
            Note(f"{task.leaked} of the {len(task.test)} test items are among the dev items too.")
        )
    models.purse.keep_books(run.read_bills(), run.append_bill)
    with SqliteMemo(run.memo) as store:
        if store.note is not None:
            watch.observe(Note(store.note))
        memo = MemoEngine(models.engine, store, usage=watch.usage, remember=run.config.engine.memo)
        return asyncio.run(_search_and_compare(run, task, pool, models, memo=memo, watch=watch))


async def _search_and_compare(
    run: Run, task: Task, pool: OpenPool, models: Models, *, memo: MemoEngine, watch: Watch
) -> Result:
    config, usage = run.config, watch.usage
    saved = run.resumed.state.payload if run.resumed is not None else None
    state = SearchState.from_json(saved["search"]) if saved is not None else None
    if saved is not None:
        usage.restore(saved["usage"])
    failures = FailureLimit(memo, usage, config.budget.max_failed, run.folder)
    engine = BudgetedEngine(
        failures,
        config.budget,
        tokens=lambda: usage.generated_tokens,
        seconds=saved["seconds"] if saved is not None else 0.0,
        armed=state is not None,
    )
    tally = Tally(
        items=len(task.dev),
        limit=config.budget.max_evaluations,
        armed=state is not None,
        runs=saved["runs"] if saved is not None else 0,
    )
    roster = Roster.of(pool, config.search.weight.particles)
    setting = Setting(
        roster=roster,
        examples=task.dev,
        scorer=task.scorer,
        sampling=Sampling(max_tokens=task.max_tokens),
        config=settled(config.search, roster),
        engine=engine,
        observe=watch.observe,
        record=run.journal.append,
        tally=tally,
    )
    memo.begin_step(state.iteration + 1 if state is not None else 0)

    def checkpoint(reached: SearchState) -> None:
        failures.check()
        memo.flush()
        counts = {"answered": usage.answered, "generated": usage.generated}
        run.journal.append({"event": "iteration", "iteration": reached.iteration, **counts})
        payload = {
            "config": config.model_dump(mode="json"),
            "search": reached.to_json(),
            "usage": usage.snapshot(),
            "seconds": engine.elapsed(),
            "runs": tally.runs,
        }
        run.save_state(payload, utility=reached.found.utility if reached.found else float("nan"))
        work = asdict(usage.work)
        run.timings.append({"iteration": reached.iteration, "search": engine.elapsed(), **work})
        memo.begin_step(reached.iteration + 1)
        engine.armed = tally.armed = True

    try:
        if config.search.method in BASELINES:
            engine.armed = tally.armed = True
            families = {family.fingerprint: family for family in pool.families}
            workshop = Workshop(families, run.folder / FOLDER, models.engine, config.engine.device)
            outcome = await _attempt(setting, pool, workshop, memo, failures)
        else:
            outcome = await _search(setting, checkpoint, state)
        if outcome.reason in get_args(Limit):
            memo.drop_step()
        found = outcome.found
        searched = _report(usage)
        if found is None or not math.isfinite(found.utility):
            raise HswarmError(
                "The search evaluated nothing that could be scored.",
                hint=f"{run.folder / 'journal.jsonl'} says what failed.",
            )
        comparing = replace(setting, engine=failures, record=forget)
        rivals = await choose_rivals(comparing)
        reports, unscored = await compare_systems(
            {"found system": found, **rivals}, replace(comparing, roster=outcome.roster), task
        )
        failures.check()
    finally:
        await memo.aclose()
    result = Result(
        task=task.title,
        pool=pool.name,
        method=config.search.method,
        seed=config.search.seed,
        iterations=outcome.iterations,
        stopped=outcome.reason,
        evaluations=tally.spent,
        found=reports[0],
        compared=tuple(reports[1:]),
        search=searched,
        total=_report(usage),
        failures=tuple(unscored),
        found_in=found.iteration,
    )
    run.write_accounts(usage.snapshot())
    run.write_result(dump(result))
    return result


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a method came to, and why it ended."""

    found: Found | None
    iterations: int
    reason: Reason | Ending
    roster: Roster
    """Who there was in the end: those that were made come last."""


async def _search(
    setting: Setting, checkpoint: Callable[[SearchState], None], state: SearchState | None
) -> _Outcome:
    try:
        reached, reason = await search(setting, checkpoint, state)
    except BudgetSpent:
        raise HswarmError(
            "The dollars were spent before the start of the search was evaluated.",
            hint="Resume the run with a higher --max-dollars; what was answered is kept.",
        ) from None
    return _Outcome(reached.found, reached.iteration, reason, setting.roster)


async def _attempt(
    setting: Setting, pool: OpenPool, workshop: Workshop, memo: MemoEngine, failures: FailureLimit
) -> _Outcome:
    """Run a baseline. It keeps no state: resumed, it asks the memo all over again."""
    batches = count(1)

    def end_batch() -> None:
        failures.check()
        memo.begin_step(next(batches))

    trials = Trials(
        setting,
        kind="baseline",
        descriptions=pool.descriptions,
        data=pool.data,
        recipe=pool.training,
        workshop=workshop,
        on_batch=end_batch,
    )
    found, reason = await attempt(setting.config.method, trials)
    return _Outcome(found, 0, reason, trials.setting.roster)


def _report(usage: Usage) -> UsageReport:
    return UsageReport(
        answered=usage.answered,
        generated=usage.generated,
        prompt_tokens=usage.prompt_tokens,
        generated_tokens=usage.generated_tokens,
        dollars=usage.dollars,
    )
