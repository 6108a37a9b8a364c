"""`hswarm verify`: whether a pipeline still answers as it did when it was exported."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hswarm.config import EngineConfig
from hswarm.engines.request import CallFailed, Engine
from hswarm.engines.router import Route
from hswarm.errors import HswarmError
from hswarm.pipeline.contents import Blueprint, Contents, open_contents
from hswarm.pipeline.golden import Difference, repeat, stand_in
from hswarm.pipeline.load import start
from hswarm.pipeline.manifest import PipelineFile
from hswarm.pipeline.strangers import find_strangers


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to be as it should."""

    files: int
    nodes: int
    adapters: int
    golden: int
    not_asked: Mapping[str, str] = field(default_factory=dict)
    """Agent that is not in the folder -> why its golden answers stood in for it."""


def verify(
    folder: str | Path, *, engine: EngineConfig | None = None, trust: bool = False
) -> Verified:
    """Check the pipeline in `folder`: files, checksums, models, and the golden answers.

    Who is not in the folder is asked again with `trust` and where its key is there; else its golden
    answers are taken for given. Raises HswarmError at the first thing amiss; where an answer
    differs, it names the first node that said something else.
    """
    contents = open_contents(Path(folder))
    not_asked = {
        stranger.name: f"{' and '.join(stranger.missing)} not set" if trust else "not trusted"
        for stranger in find_strangers(contents.blueprint.pool)
        if stranger.missing or not trust
    }
    differences = asyncio.run(_repeat(contents, engine or EngineConfig(), not_asked))
    if differences:
        raise HswarmError(
            f"{len(differences)} of {len(contents.golden)} golden answers of {folder} differ:"
            f" {_describe(differences[0], contents.blueprint.agents)}.",
            hint=_explain(contents.blueprint, differences[0]),
        )
    return Verified(
        files=contents.files,
        nodes=len(contents.blueprint.dag),
        adapters=len(contents.blueprint.models.adapters),
        golden=len(contents.golden),
        not_asked=not_asked,
    )


async def _repeat(
    contents: Contents, engine: EngineConfig, not_asked: Collection[str]
) -> list[Difference]:
    """Ask the golden questions again; who is `not_asked` says what it said."""
    blueprint, golden = contents.blueprint, contents.golden
    stand_ins: dict[Route, Engine] = {
        blueprint.pool.others[name]: await stand_in(blueprint, name, golden) for name in not_asked
    }
    async with start(blueprint, engine, stand_ins=stand_ins) as pipeline:
        try:
            return await repeat(pipeline, golden)
        except CallFailed as failure:
            raise HswarmError(
                f"A golden question of {contents.folder} is not answered: {failure}.",
                hint="Can everybody be asked who is not in the folder? Without --trust nobody is.",
            ) from None


def _describe(difference: Difference, agents: Sequence[str]) -> str:
    node = difference.node
    how = "was given" if difference.prompt else "said"
    return (
        f"on item {difference.item!r} the first to differ is node {node} ({agents[node]}), which"
        f" {how} {difference.said!r:.80} instead of {difference.expected!r:.80}"
    )


def _explain(blueprint: Blueprint, difference: Difference) -> str:
    agent = blueprint.agents[difference.node]
    for stranger in find_strangers(blueprint.pool):
        if stranger.name == agent:
            return f"{stranger} is not in the folder: whoever runs it may have changed it."
    return _explain_packages(blueprint.pipeline)


def _explain_packages(pipeline: PipelineFile) -> str:
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
