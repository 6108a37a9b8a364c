"""`hswarm.optimize`: a task and a pool in, the best system of models out.

This is where the parts meet: the task, the experts, the engine with its memo, the run's folder,
the search, and what the found system is compared with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hswarm.agents.pool import read_pool
from hswarm.analysis.statistics import compare, mean_interval
from hswarm.baselines.best_single import best_single
from hswarm.baselines.static_role import best_of_shape
from hswarm.catalog import find, is_file
from hswarm.config import EngineConfig, RunConfig, SearchConfig, merge, search_config, validated
from hswarm.engines.batching import BatchingEngine, Runner
from hswarm.engines.memo import MemoEngine, Usage
from hswarm.engines.request import Sampling
from hswarm.errors import HswarmError
from hswarm.evaluate import Evaluation, evaluate
from hswarm.experts.family import Family
from hswarm.graph.shapes import SHAPES
from hswarm.search.budget import BudgetedEngine
from hswarm.search.events import Note, Observer, ignore
from hswarm.search.finalists import crown, hold_out
from hswarm.search.found import Experts, Found
from hswarm.search.loop import search, settled
from hswarm.search.result import Result, Score, Selection, SystemReport, UsageReport, describe, dump
from hswarm.search.setting import Setting, forget
from hswarm.search.state import SearchState
from hswarm.store.changes import refuse_changes, refuse_other_content
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run, new_folder, refuse_occupied
from hswarm.swarm import optimizer
from hswarm.swarm.populate import populate
from hswarm.tasks.bundled import GENERATORS
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Task
from hswarm.tiny.measure import Ability, measure

PERMUTATIONS = 5
"""Random orders tried of each hand-made shape that the found system is compared with."""


@dataclass(slots=True)
class Watch:
    """How a run is watched: `observe` gets its events, `usage` its counters once it runs."""

    observe: Observer = ignore
    usage: Usage = field(default_factory=Usage)
    begun: Callable[[Path, Task, Family], None] = lambda folder, task, family: None


def optimize(
    task: str,
    *,
    pool: str = "tiny",
    method: str | None = None,
    preset: str = "default",
    seed: int | None = None,
    data: str | None = None,
    limit: int | None = None,
    max_iterations: int | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    settings: Mapping[str, Any] | None = None,
    run: str | Path | None = None,
    watch: Watch | None = None,
) -> Result:
    """Find the system of the pool's models that does the task best; return what was found.

    `task` and `pool` are names of the catalogues or paths of YAML files; `data` is a file in the
    authors' JSON format that replaces the task's own. `settings` are laid over the preset, nested
    as in the run's config.yaml ({"search": {"role": {"top_p": 0.8}}}). `run` is the folder to
    write, by default runs/TASK-TIME. Works in a notebook, too. Raises `HswarmError` for anything
    the user can mend.
    """
    config = configure(
        task,
        pool=pool,
        method=method,
        preset=preset,
        seed=seed,
        data=data,
        limit=limit,
        max_iterations=max_iterations,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
        settings=settings,
    )
    return _aside(lambda: start(config, run, watch or Watch()))


def _aside(act: Callable[[], Result]) -> Result:
    """Do `act`; in a thread of its own where an event loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return act()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result()


def configure(
    task: str,
    *,
    pool: str,
    method: str | None = None,
    preset: str = "default",
    seed: int | None = None,
    data: str | None = None,
    limit: int | None = None,
    max_iterations: int | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Return the whole configuration of a run, every default written out, its paths absolute.

    What is given by name overrules the same in `settings`.
    """
    given = {
        "data": data,
        "limit": limit,
        "search": {"method": method, "seed": seed, "max_iterations": max_iterations},
        "budget": {"max_tokens": max_tokens, "max_seconds": max_seconds},
    }
    asked = merge({"task": task, "pool": pool, **(settings or {})}, _given(given))
    search = asked.pop("search", {})
    if not isinstance(search, Mapping):
        raise HswarmError(
            f"The settings: search: it must hold keys, not {search!r}.",
            hint='As in {"search": {"role": {"top_p": 0.8}}}.',
        )
    asked["search"] = search_config(preset, search).model_dump()
    config = validated(RunConfig, asked, "the settings")
    # A run can be resumed from anywhere.
    named = {key: getattr(config, key) for key in ("task", "pool", "data")}
    files = {
        key: str(Path(name).absolute())
        for key, name in named.items()
        if name is not None and (key == "data" or is_file(name))
    }
    return config.model_copy(update=files)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without those that are None, at every depth."""
    given = {
        key: _given(value) if isinstance(value, Mapping) else value
        for key, value in settings.items()
    }
    return {key: value for key, value in given.items() if value not in (None, {})}


def start(config: RunConfig, folder: str | Path | None, watch: Watch) -> Result:
    """Start a new run in `folder`, by default runs/TASK-TIME, and see it through."""
    if folder is not None:
        refuse_occupied(Path(folder))
    task, family = _open(config)
    runner = _load(family, config)
    place = Path(folder) if folder else new_folder(Path("runs"), config.task, datetime.now())
    with Run.create(place, config, _provenance(task, family)) as run:
        return _see_through(run, task, family, runner, watch)


def resume(folder: str | Path, watch: Watch, changes: Mapping[str, Any] | None = None) -> Result:
    """Go on with a run where its state says; `changes` may raise its budget and little else."""
    with Run.open(Path(folder)) as run:
        if run.resumed is not None:
            began = run.resumed.state.payload["config"]
            refuse_changes(validated(RunConfig, began, "the saved settings"), run.config)
        changed = merge(run.config.model_dump(), changes or {})
        wanted = validated(RunConfig, changed, "the settings")
        refuse_changes(run.config, wanted)
        task, family = _open(wanted)
        refuse_other_content(run.folder, run.provenance, _fingerprints(task, family))
        runner = _load(family, wanted)
        run.change_config(wanted)
        if run.resumed is not None and run.resumed.note is not None:
            watch.observe(Note(run.resumed.note))
        return _see_through(run, task, family, runner, watch)


def measure_pool(
    pool: str = "tiny", *, limit: int | None = None, probes: int = 100
) -> list[Ability]:
    """Measure what each model of `pool` can do alone, on held-out items of the bundled tasks.

    `limit` bounds the items per task, `probes` is the number of exchanges per skill. The skills
    are those of the tiny pool.
    """
    from hswarm.engines.transformers import TransformersRunner

    family = read_pool(find("agents", pool)).open()
    tasks = [load_task(name, data=None, limit=limit) for name in GENERATORS]
    engine = MemoEngine(BatchingEngine(TransformersRunner(family, EngineConfig())))

    async def measured() -> list[Ability]:
        try:
            return await measure(_experts(family), tasks, engine, probes=probes)
        finally:
            await engine.aclose()

    return asyncio.run(measured())


def _experts(family: Family) -> Experts:
    return Experts(family.fingerprint, tuple(expert.name for expert in family.experts))


def _open(config: RunConfig) -> tuple[Task, Family]:
    task = load_task(config.task, data=config.data, limit=config.limit)
    return task, read_pool(find("agents", config.pool)).open()


def _fingerprints(task: Task, family: Family) -> dict[str, str]:
    return {"task": task.fingerprint, "pool": family.fingerprint}


def _provenance(task: Task, family: Family) -> dict[str, Any]:
    packages = ("hswarm", "torch", "transformers", "peft", "numpy")
    return {
        "fingerprints": _fingerprints(task, family),
        "versions": {package: version(package) for package in packages},
    }


def _load(family: Family, config: RunConfig) -> Runner:
    """Load the models; HswarmError where the family, the device or the swarm's size do not fit."""
    from hswarm.engines.transformers import TransformersRunner

    particles = config.search.weight.particles or len(family)
    populate(len(family), particles, seed=config.search.seed)
    optimizer.check(config.search.role, config.search.role.particles)
    optimizer.check(config.search.weight, particles)
    return TransformersRunner(family, config.engine)


def _see_through(run: Run, task: Task, family: Family, runner: Runner, watch: Watch) -> Result:
    watch.begun(run.folder, task, family)
    if task.leaked:
        watch.observe(
            Note(f"{task.leaked} of the {len(task.test)} test items are among the dev items too.")
        )
    engine = run.config.engine
    with SqliteMemo(run.memo) as store:
        if store.note is not None:
            watch.observe(Note(store.note))
        memo = MemoEngine(
            BatchingEngine(runner),
            store,
            usage=watch.usage,
            remember=engine.memo,
        )
        return asyncio.run(_search_and_compare(run, task, family, memo, watch))


async def _search_and_compare(
    run: Run, task: Task, family: Family, memo: MemoEngine, watch: Watch
) -> Result:
    config, usage = run.config, watch.usage
    experts = _experts(family)
    saved = run.resumed.state.payload if run.resumed is not None else None
    state = SearchState.from_json(saved["search"]) if saved is not None else None
    if saved is not None:
        usage.restore(saved["usage"])
    engine = BudgetedEngine(
        memo,
        config.budget,
        tokens=lambda: usage.generated_tokens,
        seconds=saved["seconds"] if saved is not None else 0.0,
        armed=state is not None,
    )
    searched_on, held = hold_out(task.dev, config.search.held, config.search.seed)
    setting = Setting(
        experts=experts,
        examples=searched_on,
        held=held,
        scorer=task.scorer,
        sampling=Sampling(max_tokens=task.max_tokens),
        config=settled(config.search, experts),
        engine=engine,
        observe=watch.observe,
        record=run.journal.append,
    )
    memo.begin_step(state.iteration + 1 if state is not None else 0)

    def checkpoint(reached: SearchState) -> None:
        memo.flush()
        counts = {"answered": usage.answered, "generated": usage.generated}
        run.journal.append({"event": "iteration", "iteration": reached.iteration, **counts})
        payload = {
            "config": config.model_dump(mode="json"),
            "search": reached.to_json(),
            "usage": usage.snapshot(),
            "seconds": engine.elapsed(),
        }
        run.save_state(payload, utility=reached.found.utility if reached.found else float("nan"))
        work = asdict(usage.work)
        run.timings.append({"iteration": reached.iteration, "search": engine.elapsed(), **work})
        memo.begin_step(reached.iteration + 1)
        engine.armed = True

    try:
        reached, reason = await search(setting, checkpoint, state)
        if reason in ("max-tokens", "max-seconds"):
            memo.drop_step()
        found = await crown(reached, replace(setting, engine=memo))
        searched = usage.snapshot()
        if found is None:
            raise HswarmError(
                "The search evaluated nothing that could be scored.",
                hint=f"{run.folder / 'journal.jsonl'} says what failed.",
            )
        comparing = replace(setting, engine=memo, record=forget, examples=task.dev)
        rivals = await _rivals(comparing)
        dev, test = await _run_all({"found system": found, **rivals}, comparing, task)
    finally:
        await memo.aclose()
    reports, failures = _compare({"found system": found, **rivals}, dev, test, experts)
    result = Result(
        task=task.title,
        pool=family.name,
        method=config.search.method,
        seed=config.search.seed,
        iterations=reached.iteration,
        stopped=reason,
        found=reports[0],
        compared=tuple(reports[1:]),
        search=UsageReport(**searched),
        total=UsageReport(**usage.snapshot()),
        failures=tuple(failures),
        found_in=found.iteration,
        selection=_selection(dev[0], test[0], reached, config.search),
    )
    run.write_result(dump(result))
    return result


async def _rivals(setting: Setting) -> dict[str, Found]:
    """What the found system has to beat, each chosen on dev."""
    rivals = {"best single": await best_single(setting)}
    if len(setting.experts) > 1:
        for shape in SHAPES:
            found = await best_of_shape(setting, shape, PERMUTATIONS)
            rivals[f"best of {PERMUTATIONS} {shape}s"] = found
    return rivals


async def _run_all(
    systems: Mapping[str, Found], setting: Setting, task: Task
) -> tuple[list[Evaluation], list[Evaluation]]:
    """Run every system on dev and test."""
    candidates = [found.candidate.system(setting.experts) for found in systems.values()]
    dev, test = [
        await evaluate(candidates, examples, task.scorer, setting.engine, setting.sampling)
        for examples in (task.dev, task.test)
    ]
    return dev, test


def _compare(
    systems: Mapping[str, Found],
    dev: Sequence[Evaluation],
    test: Sequence[Evaluation],
    experts: Experts,
) -> tuple[list[SystemReport], list[str]]:
    """Report on every system, the first against each other one on the same items."""
    first = test[0]
    reports = []
    for (name, found), on_dev, on_test in zip(systems.items(), dev, test, strict=True):
        against = None if on_test is first else compare(first.scores, on_test.scores)
        reports.append(
            SystemReport(
                name=name,
                nodes=describe(found.candidate, experts.names),
                dev=_score(on_dev.scores),
                test=_score(on_test.scores),
                p_value=against.p_value if against else None,
                p_test=against.test if against else None,
            )
        )
    failures = {failure for evaluation in (*dev, *test) for failure in evaluation.failures}
    return reports, sorted(failures)


def _selection(
    dev: Evaluation, test: Evaluation, reached: SearchState, config: SearchConfig
) -> Selection:
    """Report how the found system does on the two parts of dev, and what its choice made of it."""
    searched, held = (_score(part) for part in hold_out(dev.scores, config.held, config.seed))
    on_test = _score(test.scores).utility
    known = searched.utility is not None and on_test is not None
    parted = held.items + held.unscored > 0
    return Selection(
        searched=searched,
        held=held if parted else None,
        finalists=len(reached.finalists) if parted else 1,
        bias=searched.utility - on_test if known else None,  # type: ignore[operator]
    )


def _score(scores: Sequence[float | None]) -> Score:
    scored = [score for score in scores if score is not None]
    interval = mean_interval(scored)
    return Score(
        utility=sum(scored) / len(scored) if scored else None,
        interval=(interval.low, interval.high) if interval else None,
        items=len(scored),
        unscored=len(scores) - len(scored),
    )
