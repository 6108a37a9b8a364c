"""Training an expert further, or a new one, on pairs of a prompt and its response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from hswarm.experts.adapter import CONFIG, WEIGHTS
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json
from hswarm.experts.hush import hushed
from hswarm.experts.training import Schedule, fit


def finetune(
    family: Family,
    start: int | None,
    pairs: Iterator[tuple[str, str]],
    schedule: Schedule,
    folder: Path,
    *,
    seed: int,
    device: torch.device,
) -> None:
    """Train the `start`-th expert of `family`, or a new one of its shape (None), on `pairs`.

    What comes out is written to a new `folder`; the family stays as it is.
    """
    with hushed(), torch.random.fork_rng():
        torch.manual_seed(seed)
        model, tokenizer = load_trainable(family, start, device)
        fit(model, tokenizer, pairs, schedule, seed=seed, style=family.prompt)
        save_trained(family, model, folder)


def load_trainable(
    family: Family, start: int | None, device: torch.device
) -> tuple[PeftModel, PreTrainedTokenizerBase]:
    """Load the base with the `start`-th expert, or a new adapter of the same shape, to be trained.

    The base is loaded once more for this.
    """
    base, tokenizer = load_base(family.base, device, trust_remote_code=family.trust_remote_code)
    folder = family.experts[start or 0].folder
    if start is None:
        shape = LoraConfig.from_pretrained(str(folder))
        shape.inference_mode = False
        model = get_peft_model(base, shape)
    else:
        model = PeftModel.from_pretrained(base, str(folder), is_trainable=True)
    return model.to(device), tokenizer


def load_base(
    folder: Path,
    device: torch.device,
    *,
    trust_remote_code: bool = False,
    dtype: torch.dtype = torch.float32,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a base and its tokenizer, which then can pad."""
    tokenizer = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=trust_remote_code
    )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    base = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        local_files_only=True,
        trust_remote_code=trust_remote_code,
        use_safetensors=True,
    )
    torch.nn.Module.to(base, device)
    return base, tokenizer


def save_trained(family: Family, model: PeftModel, folder: Path) -> None:
    """Write a trained adapter to a new `folder` in PEFT's format, as one on the family's base."""
    write_adapter(model, folder, family.base_source)


def write_adapter(
    model: PeftModel, folder: Path, base: str, dtype: torch.dtype = torch.float32
) -> None:
    """Write a trained adapter to `folder` in PEFT's format, as one on `base` (folder or id)."""
    model.save_pretrained(str(folder), selected_adapters=["default"])
    weights = folder / WEIGHTS
    save_file({name: tensor.to(dtype) for name, tensor in load_file(weights).items()}, weights)
    config = read_json(folder / CONFIG)
    config |= {
        "base_model_name_or_path": base,
        "init_lora_weights": True,
        "target_modules": sorted(config["target_modules"]),
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "README.md").unlink(missing_ok=True)
