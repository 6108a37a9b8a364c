"""Builds the tiny pool from nothing: its pool file, tokenizer and base model.

The base is a Qwen3 of two million parameters, trained from scratch on exchanges in which all facts
are invented. The pool file is a recipe for the experts (`hswarm.making`): LoRAs of rank 8 on all
linear layers, each trained on exchanges in which its own skills can be used, stored in half
precision.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from hswarm.catalog import find, read_yaml
from hswarm.experts.training import Schedule, fit
from hswarm.tasks.bundled.world import KINDS
from hswarm.tiny.lessons import SEED, base_lessons, lessons, tokenizer_lessons
from hswarm.tiny.skills import SKILLS
from hswarm.tiny.tokenizer import build_tokenizer

BASE_SCHEDULE: Final = Schedule(steps=3000, batch=64, learning_rate=2.5e-3)
DATA: Final = 500
"""Exchanges of each expert that go with the pool, for methods that train on them."""

Report = Callable[[str, int, int, float], None]
"""Told (what is being trained, step from 1, steps, loss)."""


def work() -> dict[str, float]:
    """Return what is trained here, and on how many exchanges."""
    return {"base": BASE_SCHEDULE.pairs}


def lay_out(folder: Path) -> Path:
    """Write the pool file, and some of what each expert is trained on; return the pool file.

    It says how the experts are to be trained, as the pool that comes along does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "base": "./base",
        "prompt": "chat",
        "experts": {name: f"./{name}" for name in SKILLS},
        "data": write_data(folder / "data"),
        "training": shipped_recipe("tiny"),
    }
    pool = folder / "tiny.yaml"
    pool.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return pool


def train_bases(folder: Path, report: Report) -> None:
    """Train the base, if it is not there."""
    base = folder / "base"
    if base.exists():
        return
    with unfinished(base) as part:
        tokenizer = make_tokenizer()
        torch.manual_seed(SEED)
        model = _new_base(tokenizer)
        build_base("base", model, tokenizer, part, schedule=BASE_SCHEDULE, report=report)


def shipped_recipe(pool: str) -> dict[str, Any]:
    """Return how the experts of a pool that comes along were trained."""
    recipe: dict[str, Any] = read_yaml(find("agents", pool))["training"]
    return recipe


def write_data(folder: Path) -> dict[str, str]:
    """Write some of what each expert is trained on to `folder`/EXPERT.jsonl; return where it is.

    The names start from the folder above: it goes into the pool file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in SKILLS:
        pairs = islice(lessons(name), DATA)
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


def make_tokenizer() -> PreTrainedTokenizerBase:
    """Train the tokenizer on a sample of exchanges and on every name of the world."""
    pairs = tokenizer_lessons()
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
        base_lessons(),
        schedule,
        seed=SEED,
        on_step=lambda step, loss: report(name, step + 1, schedule.steps, loss),
    )
    tokenizer.save_pretrained(folder)
    torch.nn.Module.half(model)
    model.save_pretrained(folder)
