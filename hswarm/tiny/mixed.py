"""Builds the mixed pool: two families that share no weights and no architecture.

A Llama and a Gemma of a million parameters, each with three of the tiny pool's experts, trained by
the tiny pool's recipe for a short time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
import yaml
from transformers import (
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from hswarm.experts.training import Schedule
from hswarm.tiny.build import Report, build_base, make_tokenizer, shipped_recipe, unfinished
from hswarm.tiny.lessons import SEED

FAMILIES: Final = {"llama": ("friends", "jobs", "add"), "gemma": ("homes", "tools", "multiply")}
"""Family -> the skills of its experts."""

BASE_SCHEDULE: Final = Schedule(steps=800, batch=64, learning_rate=3e-3)


def work() -> dict[str, float]:
    """Return what is trained here, and on how many exchanges."""
    return {f"base of {family}": BASE_SCHEDULE.pairs for family in FAMILIES}


def lay_out(folder: Path) -> Path:
    """Write the pool file, which says how the experts are to be trained; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    families = {
        family: {
            "base": f"./{family}/base",
            "prompt": "chat",
            "experts": {skill: f"./{family}/{skill}" for skill in skills},
        }
        for family, skills in FAMILIES.items()
    }
    content = {
        "families": families,
        "tools": {"calculator": {"kind": "calculator"}},
        "training": shipped_recipe("mixed"),
    }
    pool = folder / "mixed.yaml"
    pool.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return pool


def train_bases(folder: Path, report: Report) -> None:
    """Train the bases that are not there."""
    tokenizer = make_tokenizer()
    for family in FAMILIES:
        base = folder / family / "base"
        if base.exists():
            continue
        with unfinished(base) as part:
            torch.manual_seed(SEED)
            model = new_base(family, tokenizer)
            name = f"base of {family}"
            build_base(name, model, tokenizer, part, schedule=BASE_SCHEDULE, report=report)


def new_base(family: str, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Return the untrained base of a family."""
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "num_hidden_layers": 4,
        "intermediate_size": 384,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "tie_word_embeddings": True,
        "max_position_embeddings": 1024,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if family == "llama":
        return LlamaForCausalLM(LlamaConfig(**shape))
    return GemmaForCausalLM(GemmaConfig(**shape))
