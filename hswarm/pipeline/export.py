"""`hswarm export`: the system that a run found, as a folder that holds everything it takes."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Final

from pydantic import BaseModel

from hswarm.agents.pool import pool_of
from hswarm.baselines.workshop import FOLDER, open_found
from hswarm.config import EngineConfig, validated
from hswarm.engines.assemble import open_other
from hswarm.engines.recorded import RecordedEngine
from hswarm.engines.request import CallFailed, Engine, Sampling
from hswarm.engines.router import Route
from hswarm.errors import HswarmError
from hswarm.graph.dag import Dag
from hswarm.graph.svg import draw_svg
from hswarm.pipeline.contents import Blueprint, Contents, open_contents, open_models
from hswarm.pipeline.describe import (
    FinishedRun,
    describe_graph,
    describe_origin,
    describe_outcome,
)
from hswarm.pipeline.folder import write_sums
from hswarm.pipeline.golden import record
from hswarm.pipeline.load import start
from hswarm.pipeline.manifest import GOLDEN, GRAPH, LOCK, PIPELINE, REPORT, GoldenItem
from hswarm.pipeline.models import write_models
from hswarm.pipeline.papers import write_dockerfile, write_readme
from hswarm.pipeline.recorded import compare_with_run
from hswarm.pipeline.seats import seat
from hswarm.pipeline.strangers import find_strangers
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import check_targets, write_targets
from hswarm.search.result import Result
from hswarm.store.changes import refuse_other_content
from hswarm.store.memo import SqliteMemo
from hswarm.store.record import read_run
from hswarm.store.run import MEMO, RESULT
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Example

GOLDEN_ITEMS: Final = 8
"""Items of the dev split that become golden answers, fewer where it has fewer."""


def export(
    run: str | Path,
    out: str | Path,
    *,
    inline_base: bool | None = None,
    to: Collection[TargetName] = (),
) -> Contents:
    """Write what the run in `run` found to the new folder `out`; return it, checked.

    `inline_base` says whether the base model goes in; by default a small one does. `to` names what
    else is to run it: that is written beside the folder (`place_beside`). The golden answers are
    the exported folder's own, made with the device and number format of the run. Raises HswarmError
    for anything the user can mend; `out` then is not there.
    """
    out = Path(out)
    _refuse_occupied(out)
    check_targets(out, to)
    found = _read(Path(run))
    with _fresh(out) as folder:
        _write(folder, _name(out), found, inline_base=inline_base)
        checked = open_contents(folder)
    contents = replace(checked, folder=out)
    write_targets(contents, to)
    return contents


def _read(folder: Path) -> FinishedRun:
    record = read_run(folder)
    if record.status != "finished" or record.result is None:
        going = record.status == "running"
        raise HswarmError(
            f"The run in {folder} is not finished.",
            hint="Wait for it."
            if going
            else f"Go on with it: hswarm optimize --resume {quote(str(folder))}",
        )
    config = record.config
    result = validated(Result, record.result, str(folder / RESULT))
    pool = pool_of(config)
    if any(family.trust_remote_code for family in pool.families.values()):
        raise HswarmError(
            f"A base of pool {pool.name!r} comes with code of its own, and a pipeline runs none.",
            hint="Use a base that transformers knows.",
        )
    task = load_task(config.task, data=config.data, limit=config.limit, scorer=config.scorer)
    opened = pool.open()
    refuse_other_content(
        folder, record.provenance, {"task": task.fingerprint, "pool": opened.fingerprint}
    )
    made = open_found(result.found.nodes, opened.families, folder / FOLDER)
    opened = replace(opened, families=(*opened.families, *made))
    return FinishedRun(record, result, task, pool, opened)


def _write(folder: Path, name: str, found: FinishedRun, *, inline_base: bool | None) -> None:
    """Write every file of the pipeline, the checksums last."""
    task = found.task
    nodes = found.result.found.nodes
    dag = _graph_of(found)
    seats = seat(nodes, found.opened)
    models = write_models(found.opened, seats.models, folder, inline_base=inline_base)
    graph = describe_graph(dag, seats.agents, Sampling(max_tokens=task.max_tokens))
    pipeline = describe_origin(name, found)
    blueprint = Blueprint(pipeline, graph, dag, models, open_models(folder, name, models))
    _dump(folder / PIPELINE, pipeline)
    _dump(folder / GRAPH, graph)
    _dump(folder / LOCK, models)
    (folder / "graph.svg").write_text(draw_svg(dag, seats.agents), encoding="utf-8")
    (folder / "Dockerfile").write_text(write_dockerfile(blueprint), encoding="utf-8")
    examples = task.dev[:GOLDEN_ITEMS]
    searched = seats.system(dag)
    memo = found.record.folder / MEMO
    with SqliteMemo(memo if memo.is_file() else Path(":memory:")) as heard:
        golden = asyncio.run(_ask(blueprint, found.record.config.engine, examples, heard))
        note = compare_with_run(heard, searched, examples, graph.samplings()[0], golden)
    lines = "".join(f"{item.model_dump_json()}\n" for item in golden)
    (folder / GOLDEN).write_text(lines, encoding="utf-8")
    report = describe_outcome(found, note)
    _dump(folder / REPORT, report)
    contents = Contents(folder, blueprint, report, tuple(golden), 0)
    (folder / "README.md").write_text(write_readme(contents), encoding="utf-8")
    write_sums(folder)


async def _ask(
    blueprint: Blueprint, engine: EngineConfig, examples: Sequence[Example], heard: SqliteMemo
) -> list[GoldenItem]:
    """Return golden answers; whoever is not in the folder has given most of its own in the run."""
    strangers: dict[Route, Engine] = {
        stranger.entry.reference: RecordedEngine(
            [heard], partial(open_other, stranger.name, stranger.entry)
        )
        for stranger in find_strangers(blueprint.pool)
    }
    here = engine.model_copy(update={"workers": 1, "ray": None})
    async with start(blueprint, here, stand_ins=strangers) as running:
        try:
            return await record(running, examples)
        except CallFailed as failure:
            raise HswarmError(
                f"The pipeline does not answer its golden questions: {failure}.",
                hint="Export again when everybody in it can be asked.",
            ) from None


def _graph_of(found: FinishedRun) -> Dag:
    try:
        return Dag(tuple(node.parents for node in found.result.found.nodes))
    except ValueError as error:
        raise HswarmError(
            f"{found.record.folder / RESULT}: {error}.",
            hint="Restore the file as the run wrote it, or search again.",
        ) from None


def _name(out: Path) -> str:
    """Return a name for the pipeline in `out`: the folder's, in plain letters."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", out.resolve().name).strip("-._")[:80]
    return words or "pipeline"


def _refuse_occupied(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HswarmError(
            f"{out} is there already.", hint="Choose a folder that is empty or not there yet."
        )


@contextmanager
def _fresh(out: Path) -> Iterator[Path]:
    """Yield a new folder that becomes `out` if all goes well, and is gone if not."""
    folder = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        yield folder
        folder.chmod(0o755)
        folder.replace(out)
    except OSError as error:
        raise HswarmError(
            f"{out} cannot be written: {error.strerror or error}.",
            hint="Check that you may write there and that there is room, then export again.",
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _dump(path: Path, part: BaseModel) -> None:
    path.write_text(part.model_dump_json(indent=1) + "\n", encoding="utf-8")
