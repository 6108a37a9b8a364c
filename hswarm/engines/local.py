"""The models of a pool on this machine: a runner per family or mixture, behind one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from hswarm.config import EngineConfig
from hswarm.engines.batching import Runner
from hswarm.engines.families import FamiliesRunner
from hswarm.errors import HswarmError
from hswarm.experts.family import Family
from hswarm.experts.mixture import Mixture


def load_runner(
    families: Sequence[Family], config: EngineConfig, mixtures: Sequence[Mixture] = ()
) -> FamiliesRunner:
    """Load the models of `families`, and mix those of `mixtures`, whose families are among them.

    HswarmError where that is not possible.
    """
    runners: dict[str, Runner] = {}
    if config.name == "vllm":
        from hswarm.engines.vllm import VllmRunner

        if mixtures:
            raise HswarmError(
                "The engine vllm mixes no tokens: it does not say what is likely at every step.",
                hint="Use --engine transformers, or --mix weights.",
            )
        for family in families:
            runners[family.fingerprint] = VllmRunner(family, config, families=len(families))
        return FamiliesRunner(runners)
    from hswarm.engines.transformers import AidedRunner, TokensRunner, TransformersRunner

    loaded = {family.fingerprint: TransformersRunner(family, config) for family in families}
    for family in families:
        runners[family.fingerprint] = AidedRunner(loaded[family.fingerprint], family, config)
    for mixture in mixtures:
        own = [loaded[family.fingerprint] for family in mixture.families]
        runners[mixture.fingerprint] = TokensRunner(mixture, own)
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
