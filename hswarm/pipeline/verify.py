"""`hswarm verify`: whether a pipeline still answers as it did when it was exported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hswarm.config import EngineConfig
from hswarm.errors import HswarmError
from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.golden import Difference, repeat
from hswarm.pipeline.load import start
from hswarm.pipeline.manifest import PipelineFile


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to be as it should."""

    files: int
    nodes: int
    adapters: int
    golden: int


def verify(folder: str | Path, *, engine: EngineConfig | None = None) -> Verified:
    """Check the pipeline in `folder`: files, checksums, models, and the golden answers.

    Raises HswarmError at the first thing amiss; where an answer differs, it names the first node
    that said something else.
    """
    contents = open_contents(Path(folder))
    with start(contents.blueprint, engine or EngineConfig()) as pipeline:
        differences = asyncio.run(repeat(pipeline, contents.golden))
    if differences:
        raise HswarmError(
            f"{len(differences)} of {len(contents.golden)} golden answers of {folder} differ:"
            f" {_describe(differences[0], contents.blueprint.agents)}.",
            hint=_explain(contents.blueprint.pipeline),
        )
    return Verified(
        files=contents.files,
        nodes=len(contents.blueprint.dag),
        adapters=len(contents.blueprint.models.agents),
        golden=len(contents.golden),
    )


def _describe(difference: Difference, agents: Sequence[str]) -> str:
    node = difference.node
    how = "was given" if difference.prompt else "said"
    return (
        f"on item {difference.item!r} the first to differ is node {node} ({agents[node]}), which"
        f" {how} {difference.said!r:.80} instead of {difference.expected!r:.80}"
    )


def _explain(pipeline: PipelineFile) -> str:
    others = {
        package: f"{package} {installed} instead of {then}"
        for package, then in pipeline.versions.items()
        if (installed := _installed(package)) != then
    }
    if others:
        return f"Here is {', '.join(others.values())}: install what the golden answers came from."
    if pipeline.engine.dtype != "float32":
        return (
            f"In {pipeline.engine.dtype} sums are rounded as the device and the batch have"
            " it; on the device of the export it should agree."
        )
    return "The same files and packages should say the same: another device, perhaps?"


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
