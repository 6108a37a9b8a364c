"""Builds the models of the mixed pool: two families that share no weights and no architecture.

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
from hswarm.tiny.build import (
    EXPERT_SCHEDULES,
    SEED,
    Report,
    build_base,
    build_expert,
    make_tokenizer,
    unfinished,
)
from hswarm.tiny.skills import SKILLS

FAMILIES: Final = {"llama": ("friends", "jobs", "add"), "gemma": ("homes", "tools", "multiply")}
"""Family -> the skills of its experts."""

BASE_SCHEDULE: Final = Schedule(steps=800, batch=64, learning_rate=3e-3)
_SHORT: Final = 300
"""Steps of an expert at most."""

WORK: Final = {
    name: schedule.pairs
    for family, skills in FAMILIES.items()
    for name, schedule in {
        family: BASE_SCHEDULE,
        **{skill: EXPERT_SCHEDULES[skill] for skill in skills},
    }.items()
}
"""What is trained, in order, and on how many exchanges at most."""


def build(folder: Path, report: Report) -> Path:
    """Train everything; write `folder`/FAMILY/base, `folder`/FAMILY/EXPERT and the pool file.

    The pool file is returned. Each model gets its name when it is complete, and what is already
    there is kept.
    """
    tokenizer = make_tokenizer()
    for family, skills in FAMILIES.items():
        base = folder / family / "base"
        if not base.exists():
            with unfinished(base) as part:
                torch.manual_seed(SEED)
                model = new_base(family, tokenizer)
                build_base(family, model, tokenizer, part, schedule=BASE_SCHEDULE, report=report)
        for skill in skills:
            if not (folder / family / skill).exists():
                schedule = EXPERT_SCHEDULES[skill]
                short = Schedule(
                    min(schedule.steps, _SHORT), schedule.batch, schedule.learning_rate
                )
                place = list(SKILLS).index(skill)
                with unfinished(folder / family / skill) as part:
                    build_expert(base, part, skill, place, schedule=short, report=report)
    pool = folder / "mixed.yaml"
    families = {
        family: {
            "base": f"{family}/base",
            "prompt": "chat",
            "experts": {skill: f"{family}/{skill}" for skill in skills},
        }
        for family, skills in FAMILIES.items()
    }
    content = {"families": families, "tools": {"calculator": {"kind": "calculator"}}}
    pool.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return pool


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
