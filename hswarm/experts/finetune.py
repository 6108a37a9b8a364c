"""Training an expert further, or a new one, on pairs of a prompt and its response."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from hswarm.experts.adapter import CONFIG
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json
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
    with torch.random.fork_rng():
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
    trust = family.trust_remote_code
    tokenizer = AutoTokenizer.from_pretrained(
        family.base, local_files_only=True, trust_remote_code=trust
    )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    base = AutoModelForCausalLM.from_pretrained(
        family.base, dtype=torch.float32, local_files_only=True, trust_remote_code=trust
    )
    folder = family.experts[start or 0].folder
    if start is None:
        shape = LoraConfig.from_pretrained(str(folder))
        shape.inference_mode = False
        model = get_peft_model(base, shape)
    else:
        model = PeftModel.from_pretrained(base, str(folder), is_trainable=True)
    return model.to(device), tokenizer


def save_trained(family: Family, model: PeftModel, folder: Path) -> None:
    """Write a trained adapter to a new `folder` in PEFT's format, as one on the family's base."""
    model.save_pretrained(str(folder), selected_adapters=["default"])
    config = read_json(folder / CONFIG)
    config |= {"base_model_name_or_path": family.base_source, "init_lora_weights": True}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").unlink(missing_ok=True)
