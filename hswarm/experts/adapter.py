"""One LoRA adapter in PEFT's format: read from its folder and found fit to be blended, or refused.

A blend takes a weighted sum of the A and of the B matrices, so an adapter must be nothing but
those: whatever PEFT can add to them (magnitudes, biases, whole modules) is refused by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hswarm.errors import HswarmError
from hswarm.experts.folder import FLOATS, Stored, missing_weights, read_json, read_tensors

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"

_LARGEST: Final = 1e9
"""No rank and no alpha is near it."""

_TENSOR: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")

_UNBLENDABLE: Final = {
    "use_dora": "DoRA's magnitudes",
    "modules_to_save": "whole trained modules",
    "lora_bias": "biases",
    "rank_pattern": "a rank per module",
    "alpha_pattern": "an alpha per module",
    "trainable_token_indices": "trained token embeddings",
    "target_parameters": "adapted bare parameters",
    "layer_replication": "replicated layers",
    "alora_invocation_tokens": "activation tokens (aLoRA)",
    "use_qalora": "QALoRA",
    "use_bdlora": "block-diagonal LoRA",
    "arrow_config": "Arrow routing",
    "kasa_config": "KaSA's singular values",
    "monteclora_config": "MonteCLoRA's samples",
    "megatron_config": "Megatron layers",
}
_HARMLESS_STARTS: Final = (None, True, False, "gaussian", "orthogonal", "eva", "mica")
"""Ways to initialise an adapter that leave the base as it is; others (PiSSA, OLoRA, …) change it
when the adapter is loaded."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What turns A and B into the change of a weight matrix: (alpha / r) · B·A, or alpha / √r.

    `fan_in_fan_out` says that the base keeps its matrices transposed.
    """

    rank: int
    alpha: float
    use_rslora: bool = False
    fan_in_fan_out: bool = False

    @property
    def factor(self) -> float:
        """The number that B·A is multiplied by."""
        return self.alpha / (math.sqrt(self.rank) if self.use_rslora else self.rank)


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that can be blended. Each of `modules` has an A of shape (rank, in) and a B of
    shape (out, rank) among `tensors`.
    """

    folder: Path
    config: Mapping[str, Any]
    tensors: Mapping[str, Stored]
    scale: Scale
    modules: Mapping[str, tuple[int, int]]
    """Dotted name inside the base -> (out, in), sorted by name."""

    @property
    def trained_for(self) -> str:
        """The base that the adapter says it was trained for, or ""."""
        return str(self.config.get("base_model_name_or_path") or "")


def open_adapter(name: str, folder: Path) -> Adapter:
    """Read the header and the configuration of the adapter `name`; no weights yet.

    Raises HswarmError if they are not there, or not those of a plain LoRA.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        conversion = "PeftModel.from_pretrained(base, folder).save_pretrained(folder)"
        raise missing_weights(folder, WEIGHTS, conversion)
    config = read_json(folder / CONFIG)
    _check_kind(name, config)
    scale = _read_scale(folder / CONFIG, config)
    tensors = read_tensors([weights])
    return Adapter(folder, config, tensors, scale, _read_modules(name, tensors, scale.rank))


def _check_kind(name: str, config: Mapping[str, Any]) -> None:
    extras = [what for key, what in _UNBLENDABLE.items() if config.get(key)]
    if config.get("bias") not in (None, "none"):
        extras.append("biases")
    if config.get("peft_type") != "LORA":
        extras = [f"of type {config.get('peft_type')}"]
    elif config.get("init_lora_weights") not in _HARMLESS_STARTS:
        extras.append(f"a changed base ({config['init_lora_weights']})")
    if extras:
        raise HswarmError(
            f"Adapter {name!r} cannot be blended: it is not plain LoRA but"
            f" {'' if extras[0].startswith('of') else 'has '}{', '.join(extras)}.",
            hint="Train it as plain LoRA, or leave it out of the pool.",
        )


def _read_scale(path: Path, config: Mapping[str, Any]) -> Scale:
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not (isinstance(rank, int) and 0 < rank < _LARGEST) or not (
        isinstance(alpha, int | float) and abs(alpha) < _LARGEST
    ):
        raise HswarmError(f"{path} states no r and lora_alpha.", hint="Fetch the file again.")
    return Scale(
        rank, float(alpha), bool(config.get("use_rslora")), bool(config.get("fan_in_fan_out"))
    )


def _read_modules(
    name: str, tensors: Mapping[str, Stored], rank: int
) -> dict[str, tuple[int, int]]:
    """Return module -> (out, in) from the shapes of A and B, or raise HswarmError."""
    sides: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, tensor in tensors.items():
        match = _TENSOR.fullmatch(key)
        if match is None or len(tensor.shape) != 2 or tensor.dtype not in FLOATS:
            raise HswarmError(
                f"Adapter {name!r} cannot be blended: its tensor {key}"
                f" ({tensor.dtype}, shape {tensor.shape}) is no LoRA matrix.",
                hint="Only A and B matrices of linear layers in float32, float16 or bfloat16 are.",
            )
        sides.setdefault(match[1], {})[match[2]] = tensor.shape
    for module, side in sides.items():
        if set(side) != {"A", "B"} or side["A"][0] != rank or side["B"][1] != rank:
            raise HswarmError(
                f"Adapter {name!r} is inconsistent: {module} has"
                f" {', '.join(f'{k} of shape {side[k]}' for k in sorted(side))} at rank {rank}.",
                hint="Its adapter_config.json and its weights do not belong together.",
            )
    return {module: (sides[module]["B"][0], sides[module]["A"][1]) for module in sorted(sides)}
