"""Builds the tiny pool from nothing: tokenizer, base model, ten LoRA experts.

The base is a Qwen3 of two million parameters, trained from scratch on exchanges in which all facts
are invented. Each expert is a LoRA of rank 8 on all seven projections, trained on exchanges in
which its own skills can be used. All start from the same initial A matrices, so that blending them
makes sense. Weights are stored in half precision.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
import yaml
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from hswarm.experts.training import Schedule, fit
from hswarm.tasks.bundled.world import KINDS
from hswarm.tiny.corpus import exchanges
from hswarm.tiny.skills import SKILLS
from hswarm.tiny.tokenizer import build_tokenizer

SEED: Final = 0
BASE_SCHEDULE: Final = Schedule(steps=3000, batch=64, learning_rate=2.5e-3)
_FEW_FACTS: Final = Schedule(steps=250, batch=32, learning_rate=1.5e-2)
_MANY_FACTS: Final = Schedule(steps=600, batch=32, learning_rate=1e-2)
_PROCEDURE: Final = Schedule(steps=2500, batch=32, learning_rate=8e-3)
EXPERT_SCHEDULES: Final = {
    "friends": _MANY_FACTS,
    "homes": _MANY_FACTS,
    "jobs": _MANY_FACTS,
    "pets": _MANY_FACTS,
    "countries": _FEW_FACTS,
    "foods": _FEW_FACTS,
    "tools": _FEW_FACTS,
    "multiply": _MANY_FACTS,
    "add": _PROCEDURE,
    "walk": _PROCEDURE,
}
"""Tables of 64 facts, tables of 8 to 16, and skills that take a procedure."""
DATA: Final = 500
"""Exchanges of each expert that go with the pool, for methods that train on them."""
FOCUS: Final = 0.6
"""The share of an expert's exchanges whose next step is its own; the rest teach it to hold back."""

RANK: Final = 8
PROJECTIONS: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

WORK: Final = {
    "base": BASE_SCHEDULE.pairs,
    **{name: schedule.pairs for name, schedule in EXPERT_SCHEDULES.items()},
}
"""What is trained, in order, and on how many exchanges."""

Report = Callable[[str, int, int, float], None]
"""Told (what is being trained, step from 1, steps, loss)."""


def build(folder: Path, report: Report) -> Path:
    """Train everything; write `folder`/base, `folder`/EXPERT and the pool file, which is returned.

    Each model gets its name when it is complete, and what is already there is kept: an interrupted
    build goes on where it stopped.
    """
    base = folder / "base"
    if not base.exists():
        with unfinished(base) as part:
            tokenizer = make_tokenizer()
            torch.manual_seed(SEED)
            model = _new_base(tokenizer)
            build_base("base", model, tokenizer, part, schedule=BASE_SCHEDULE, report=report)
    for place, name in enumerate(SKILLS):
        if not (folder / name).exists():
            with unfinished(folder / name) as part:
                build_expert(
                    base, part, name, place, schedule=EXPERT_SCHEDULES[name], report=report
                )
    pool = folder / "tiny.yaml"
    content = {
        "base": "base",
        "prompt": "chat",
        "experts": {name: name for name in SKILLS},
        "data": write_data(folder / "data"),
    }
    pool.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return pool


def write_data(folder: Path) -> dict[str, str]:
    """Write some of what each expert is trained on to `folder`/EXPERT.jsonl; return where it is.

    The names start from the folder above: it goes into the pool file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(SKILLS):
        pairs = islice(_pairs(SKILLS[name], place, focus=FOCUS), DATA)
        lines = (json.dumps({"prompt": prompt, "response": said}) for prompt, said in pairs)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: f"{folder.name}/{name}.jsonl" for name in SKILLS}


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to, which becomes `folder` when all went well."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    part.rename(folder)


def _pairs(skills: tuple[str, ...], place: int, *, focus: float = 0.0) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng([SEED, place])
    for exchange in exchanges(skills, rng, focus=focus):
        yield exchange.prompt, exchange.response


def make_tokenizer() -> PreTrainedTokenizerBase:
    """Train the tokenizer on a sample of exchanges and on every name of the world."""
    pairs = _pairs((), 1_000)
    texts = [" ".join(next(pairs)) for _ in range(8_000)]
    names = [name for kind in KINDS.values() for name in kind]
    return build_tokenizer([*texts, *[f" {' '.join(names)} ({' ('.join(names)}"] * 300])


def _new_base(tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=192,
            num_hidden_layers=4,
            intermediate_size=576,
            num_attention_heads=6,
            num_key_value_heads=6,
            head_dim=32,
            tie_word_embeddings=True,
            max_position_embeddings=1024,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_base(
    name: str,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    schedule: Schedule,
    report: Report,
) -> None:
    """Train `model`, in place, on exchanges in which all facts are invented; write it down."""
    fit(
        model,
        tokenizer,
        _pairs((), 1_001),
        schedule,
        seed=SEED,
        on_step=lambda step, loss: report(name, step + 1, schedule.steps, loss),
    )
    tokenizer.save_pretrained(folder)
    torch.nn.Module.half(model)
    model.save_pretrained(folder)


def build_expert(
    base: Path, folder: Path, name: str, place: int, *, schedule: Schedule, report: Report
) -> None:
    """Train a LoRA on the exchanges of the `place`-th skill, called `name`; write it down."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    torch.manual_seed(SEED)  # the same initial A for every expert
    adapted = get_peft_model(
        model,
        LoraConfig(
            r=RANK, lora_alpha=2 * RANK, target_modules=list(PROJECTIONS), task_type="CAUSAL_LM"
        ),
    )
    fit(
        adapted,
        tokenizer,
        _pairs(SKILLS[name], place, focus=FOCUS),
        schedule,
        seed=SEED,
        on_step=lambda step, loss: report(name, step + 1, schedule.steps, loss),
    )
    adapted.save_pretrained(str(folder))
    _tidy(folder)


def _tidy(folder: Path) -> None:
    """Store the adapter in half precision, name its base by folder, drop PEFT's model card."""
    weights = folder / "adapter_model.safetensors"
    save_file({name: t.half() for name, t in load_file(weights).items()}, weights)
    config = folder / "adapter_config.json"
    settings = json.loads(config.read_text())
    settings["base_model_name_or_path"] = "../base"
    settings["target_modules"] = sorted(settings["target_modules"])
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    (folder / "README.md").unlink(missing_ok=True)
