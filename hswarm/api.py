"""`hswarm.optimize`: a task and a pool in, the best system of models out.

This is where the parts meet: the task, the experts, the engine with its memo, the run's folder,
the search, and what the found system is compared with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import pool_of, read_pool
from hswarm.aside import aside
from hswarm.baselines.methods import check_fit, check_method
from hswarm.baselines.needs import Given
from hswarm.catalog import find, is_file
from hswarm.config import EngineConfig, Limit, RunConfig, merge, search_config, validated
from hswarm.engines.assemble import assemble
from hswarm.engines.local import settle_engine
from hswarm.engines.memo import MemoEngine
from hswarm.errors import HswarmError
from hswarm.search.events import Note
from hswarm.search.result import Result
from hswarm.search.roster import Roster
from hswarm.session import Models, Watch, load, remembered_ratings, see_through
from hswarm.store.changes import refuse_changes, refuse_other_content
from hswarm.store.run import Run, new_folder, refuse_blended, refuse_occupied
from hswarm.tasks.bundled import GENERATORS
from hswarm.tasks.load import load_task
from hswarm.tasks.sources import SOURCES
from hswarm.tasks.task import Outside, Task
from hswarm.tiny.measure import Ability, measure
from hswarm.tracking.following import watch_by
from hswarm.tracking.trackers import open_trackers


def optimize(
    task: str,
    *,
    pool: str = "tiny",
    method: str | None = None,
    preset: str = "default",
    seed: int | None = None,
    data: str | None = None,
    limit: Limit | None = None,
    max_iterations: int | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    max_dollars: float | None = None,
    max_evaluations: int | None = None,
    settings: Mapping[str, Any] | None = None,
    run: str | Path | None = None,
    watch: Watch | None = None,
    track: Sequence[str] = (),
) -> Result:
    """Find the system of the pool's models that does the task best; return what was found.

    `task` and `pool` are names of the catalogues or paths of YAML files; `data` is a file in the
    authors' JSON format that replaces the task's own. `settings` are laid over the preset, nested
    as in the run's config.yaml ({"search": {"role": {"top_p": 0.8}}}). `run` is the folder to
    write, by default runs/TASK-TIME. `track` names trackers of experiments that follow it: wandb,
    mlflow, tensorboard. Works in a notebook, too. Raises `HswarmError` for anything
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
        max_dollars=max_dollars,
        max_evaluations=max_evaluations,
        settings=settings,
    )
    watch = watch or Watch()
    trackers = open_trackers(track, watch.observe)
    result = aside(lambda: start(config, run, watch_by(trackers, watch)))
    for tracker in trackers:
        tracker.end(result)
    return result


def configure(
    task: str,
    *,
    pool: str,
    method: str | None = None,
    preset: str = "default",
    seed: int | None = None,
    data: str | None = None,
    limit: Limit | None = None,
    max_iterations: int | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    max_dollars: float | None = None,
    max_evaluations: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Return the whole configuration of a run, every default written out, its paths absolute.

    What is given by name overrules the same in `settings`.
    """
    given = {
        "data": data,
        "limit": limit,
        "search": {"method": method, "seed": seed, "max_iterations": max_iterations},
        "budget": {
            "max_tokens": max_tokens,
            "max_seconds": max_seconds,
            "max_dollars": max_dollars,
            "max_evaluations": max_evaluations,
        },
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
    check_method(config.search.method)
    # A run can be resumed from anywhere.
    named = {key: getattr(config, key) for key in ("task", "pool", "data")}
    files = {
        key: str(Path(name).absolute())
        for key, name in named.items()
        if name is not None and (is_file(name) or (key == "data" and name not in SOURCES))
    }
    search = config.search
    embedder = search.baseline.embedder
    if embedder is not None and Path(embedder).expanduser().is_dir():
        baseline = search.baseline.model_copy(
            update={"embedder": str(Path(embedder).expanduser().absolute())}
        )
        search = search.model_copy(update={"baseline": baseline})
    return config.model_copy(update={**files, "search": search})


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
    task, pool = open_parts(config)
    check_fit(config.search.method, Given(task.scorer, task.dev, Roster.of(pool, None)))
    config = config.model_copy(update={"engine": settle_engine(config.engine)})
    models = load(pool, config)
    place = Path(folder) if folder else new_folder(Path("runs"), config.task, datetime.now())
    with Run.create(place, config, provenance(task, pool)) as run:
        return asyncio.run(_go_on(run, task, pool, models, watch))


def resume(folder: str | Path, watch: Watch, changes: Mapping[str, Any] | None = None) -> Result:
    """Go on with a run where its state says; `changes` may raise its budget and little else."""
    with Run.open(Path(folder)) as run:
        refuse_blended(run.folder)
        if run.resumed is not None:
            began = run.resumed.state.payload["config"]
            refuse_changes(validated(RunConfig, began, "the saved settings"), run.config)
        changed = merge(run.config.model_dump(), changes or {})
        wanted = validated(RunConfig, changed, "the settings")
        refuse_changes(run.config, wanted)
        task, pool = open_parts(wanted)
        refuse_other_content(run.folder, run.provenance, _fingerprints(task, pool))
        models = load(pool, wanted)
        run.change_config(wanted)
        if run.resumed is not None and run.resumed.note is not None:
            watch.observe(Note(run.resumed.note))
        return asyncio.run(_go_on(run, task, pool, models, watch))


async def _go_on(run: Run, task: Task, pool: OpenPool, models: Models, watch: Watch) -> Result:
    """See a run through, on its own account."""
    models.purse.keep_books(run.read_bills(), run.append_bill)
    async with remembered_ratings(task, run.folder, models.purse):
        return await see_through(run, task, pool, models, watch)


def measure_pool(
    pool: str = "tiny", *, limit: int | None = None, probes: int = 100
) -> list[Ability]:
    """Measure what each model of `pool` can do alone, on held-out items of the bundled tasks.

    `limit` bounds the items per task, `probes` is the number of exchanges per skill. The skills
    are those of the tiny pool.
    """
    opened = read_pool(find("agents", pool)).open()
    tasks = [load_task(name, data=None, limit=limit) for name in GENERATORS]
    engine = MemoEngine(assemble(opened.families, EngineConfig()))

    async def measured() -> list[Ability]:
        try:
            return await measure(opened.families[0], tasks, engine, probes=probes)
        finally:
            await engine.aclose()

    return asyncio.run(measured())


def open_parts(config: RunConfig) -> tuple[Task, OpenPool]:
    """Read the task and the pool of a run; HswarmError where either, or a judge, is unfit."""
    task = load_task(config.task, data=config.data, limit=config.limit, scorer=config.scorer)
    pool = pool_of(config).open()
    if isinstance(task.scorer, Outside):
        task.scorer.check(limited=config.budget.max_dollars is not None)
    return task, pool


def _fingerprints(task: Task, pool: OpenPool) -> dict[str, str]:
    return {"task": task.fingerprint, "pool": pool.fingerprint}


def provenance(task: Task, pool: OpenPool) -> dict[str, Any]:
    """Return what a run is made of: fingerprints and versions."""
    packages = ("hswarm", "torch", "transformers", "peft", "numpy")
    return {
        "fingerprints": _fingerprints(task, pool),
        "versions": {package: version(package) for package in packages},
    }
