"""Any Hugging Face causal language model with LoRA experts, run on this machine.

One resident model serves a whole family: each forward pass mixes the rows of many blends, whose
adapters are laid over the base layers row by row. Prompts are read in small batches of one blend;
then all rows are decoded together, and a row that ends makes room for the next prompt. A mixture
has several models speak as one, token by token. Of small models on a CPU there is an instance per
core, each in a process of its own, once there is much to do.
"""

from hswarm.engines.transformers.aides import AidedRunner
from hswarm.engines.transformers.runner import TransformersRunner
from hswarm.engines.transformers.tokens import TokensRunner

__all__ = ["AidedRunner", "TokensRunner", "TransformersRunner"]
