"""`hswarm.load`: from a folder to a pipeline that answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hswarm.config import EngineConfig
from hswarm.engines.assemble import assemble
from hswarm.engines.local import settle_engine
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Engine, Tool
from hswarm.engines.router import Route
from hswarm.pipeline.contents import Blueprint, open_contents
from hswarm.pipeline.pipeline import Pipeline
from hswarm.pipeline.strangers import refuse_strangers

_KEPT: Final = 10_000
"""Answers kept at hand: a few tens of megabytes."""


def load(
    folder: str | Path, *, engine: EngineConfig | None = None, trust: bool = False
) -> Pipeline:
    """Open the pipeline in `folder`, ready to answer as it did when it was exported.

    `engine` says what runs its models, on which device and how many threads; its number format,
    where that is `auto`, is the one that the pipeline was found with. With `trust` it may ask
    models and use tools that are not in the folder. Raises HswarmError, before any model is loaded,
    if the folder is not whole, not sound, or holds anything that a pipeline does not.
    """
    blueprint = open_contents(Path(folder)).blueprint
    if not trust:
        refuse_strangers(Path(folder), blueprint.pool)
    return start(blueprint, engine or EngineConfig(), steady=False)


def start(
    blueprint: Blueprint,
    engine: EngineConfig,
    *,
    stand_ins: Mapping[Route, Engine] | None = None,
    steady: bool = True,
) -> Pipeline:
    """Load the models of a pipeline that was read and checked; HswarmError if that fails.

    `stand_ins` answer for some of its agents. Off `steady`, no question waits for what another
    asks of an agent that is not in the folder.
    """
    if engine.dtype == "auto":
        engine = engine.model_copy(update={"dtype": blueprint.pipeline.engine.dtype})
    pool = blueprint.pool
    models = assemble(
        pool.families,
        settle_engine(engine),
        remote=pool.remote,
        tools=pool.tools,
        mixtures=pool.mixtures,
        stand_ins=stand_ins,
        steady=steady,
    )
    # What a tool says may be another thing tomorrow, or be that it failed.
    memo = MemoEngine(models, remember=engine.memo, keep=_KEPT, fresh=(Tool,))
    return Pipeline(blueprint, memo)
