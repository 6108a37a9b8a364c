"""`hswarm.load`: from a folder to a pipeline that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hswarm.config import EngineConfig
from hswarm.engines.assemble import assemble
from hswarm.engines.memo import MemoEngine
from hswarm.pipeline.contents import Blueprint, open_contents
from hswarm.pipeline.pipeline import Pipeline

_KEPT: Final = 10_000
"""Answers kept at hand: a few tens of megabytes."""


def load(folder: str | Path, *, engine: EngineConfig | None = None) -> Pipeline:
    """Open the pipeline in `folder`, ready to answer as it did when it was exported.

    `engine` says on which device and how many threads to run it; its number format, where that is
    `auto`, is the one that the pipeline was found with. Raises HswarmError, before any model is
    loaded, if the folder is not whole, not sound, or holds anything that a pipeline does not.
    """
    return start(open_contents(Path(folder)).blueprint, engine or EngineConfig())


def start(blueprint: Blueprint, engine: EngineConfig) -> Pipeline:
    """Load the models of a pipeline that was read and checked; HswarmError if that fails."""
    if engine.dtype == "auto":
        engine = engine.model_copy(update={"dtype": blueprint.pipeline.engine.dtype})
    models = assemble([blueprint.family], engine)
    memo = MemoEngine(models, remember=engine.memo, keep=_KEPT)
    return Pipeline(blueprint, memo)
