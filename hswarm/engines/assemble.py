"""One engine for everybody in a pool."""

from __future__ import annotations

from collections.abc import Sequence

from hswarm.config import EngineConfig
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.families import FamiliesRunner
from hswarm.engines.request import Engine
from hswarm.engines.router import Route, RouterEngine
from hswarm.experts.family import Family


def assemble(families: Sequence[Family], config: EngineConfig) -> RouterEngine:
    """Load the models of `families` and return the engine that answers for all of them.

    Raises HswarmError where a model cannot be loaded.
    """
    routes: dict[Route, Engine] = {}
    if families:
        from hswarm.engines.transformers import TransformersRunner

        runners = {family.fingerprint: TransformersRunner(family, config) for family in families}
        batching = BatchingEngine(FamiliesRunner(runners))
        routes |= dict.fromkeys(runners, batching)
    return RouterEngine(routes)
