"""The models of a pool in one process: a runner per family, behind one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from hswarm.config import EngineConfig
from hswarm.engines.batching import Runner
from hswarm.engines.families import FamiliesRunner
from hswarm.experts.family import Family


def load_runner(families: Sequence[Family], config: EngineConfig) -> FamiliesRunner:
    """Load the models of `families`; HswarmError where that is not possible."""
    runners: dict[str, Runner] = {}
    for family in families:
        if config.name == "vllm":
            from hswarm.engines.vllm import VllmRunner

            runners[family.fingerprint] = VllmRunner(family, config, families=len(families))
        else:
            from hswarm.engines.transformers import TransformersRunner

            runners[family.fingerprint] = TransformersRunner(family, config)
    return FamiliesRunner(runners)


def settle_engine(config: EngineConfig) -> EngineConfig:
    """Return `config` with the engine that `auto` stands for on this machine.

    On a CPU that is the engine over transformers, which was found to be faster there; on a GPU it
    is vLLM, which is made for them, if it is installed.
    """
    if config.name != "auto":
        return config
    on_cpu = config.device == "cpu"
    if not on_cpu and find_spec("vllm") is not None:
        import torch

        if torch.cuda.is_available():
            return config.model_copy(update={"name": "vllm"})
    return config.model_copy(update={"name": "transformers"})
