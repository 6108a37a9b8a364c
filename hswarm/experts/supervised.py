"""Training a new LoRA expert of a base on conversations, by TRL, from checkpoint to checkpoint."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model
from transformers import PrinterCallback, TrainerCallback

from hswarm.errors import HswarmError
from hswarm.experts.corpus import Conversation
from hswarm.experts.family import PromptStyle
from hswarm.experts.finetune import load_base, write_adapter
from hswarm.experts.hush import hushed
from hswarm.experts.recipe import Recipe
from hswarm.experts.training import IGNORE, encode
from hswarm.swarm.random import generator

WEIGHT_DECAY: Final = 0.01
CHECKPOINTS: Final = 20
"""In the course of a training."""
LOSSES: Final = "losses.jsonl"
_LOOK_AHEAD: Final = 8
"""Batches that are sorted by length together."""
_SCRAPS: Final = "checkpoints"
_STATE: Final = "trainer_state.json"
"""Of a checkpoint; what is written last."""

OnStep = Callable[[int, int, float], None]
"""Told (step from 1, steps, loss)."""


@dataclass(frozen=True, slots=True)
class Base:
    """What experts are trained on top of."""

    folder: Path
    prompt: PromptStyle
    trust_remote_code: bool = False


def train_expert(
    base: Base,
    conversations: Sequence[Conversation],
    recipe: Recipe,
    folder: Path,
    *,
    named: str,
    seed: int,
    device: torch.device,
    on_step: OnStep,
) -> None:
    """Train a new adapter on `conversations`, in `folder`; what it says of its base is `named`.

    Experts of one seed and rank start from the same A, so that blending them makes sense. The
    folder then holds the adapter, and what the loss was at every step as losses.jsonl. Where a
    training was interrupted it goes on from its last checkpoint in `folder`, to the same weights.
    """
    trl, datasets = import_trl("experts train")
    with hushed(), torch.random.fork_rng():
        model, tokenizer = load_base(
            base.folder, device, trust_remote_code=base.trust_remote_code, dtype=_dtype(device)
        )
        torch.manual_seed(seed)
        adapted = get_peft_model(
            model,
            LoraConfig(
                r=recipe.rank,
                lora_alpha=recipe.alpha,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            ),
        )
        rows = []
        for ids, said in encode(tokenizer, conversations, base.prompt):
            labels = [token if own else IGNORE for token, own in zip(ids, said, strict=True)]
            if any(said[: recipe.max_length]):
                rows.append(
                    {"input_ids": ids[: recipe.max_length], "labels": labels[: recipe.max_length]}
                )
        if not rows:
            raise HswarmError(
                f"Nothing is left to learn of what {folder.name} is trained on.",
                hint="Its prompts are longer than max_length: raise it.",
            )
        steps = steps_of(recipe, len(rows))
        order = order_of([len(row["input_ids"]) for row in rows], steps, recipe.batch, seed)
        losses = _Losses(folder / LOSSES, on_step)
        trainer = trl.SFTTrainer(
            model=adapted,
            args=trl.SFTConfig(**_arguments(folder, recipe, steps, seed, device)),
            train_dataset=datasets.Dataset.from_list(rows).select(order),
            processing_class=tokenizer,
            callbacks=[losses],
        )
        trainer.remove_callback(PrinterCallback)
        start = _last_checkpoint(folder / _SCRAPS)
        losses.begin(start)
        trainer.train(resume_from_checkpoint=str(start) if start else None)
        write_adapter(adapted, folder, named, getattr(torch, recipe.stored))


def steps_of(recipe: Recipe, conversations: int) -> int:
    """Return how many steps an expert is trained."""
    return recipe.steps or math.ceil(recipe.epochs * conversations / recipe.batch)


def order_of(lengths: Sequence[int], steps: int, batch: int, seed: int) -> list[int]:
    """Return the places of the conversations in the order in which they are learnt from.

    Each is seen once before any is seen again. Some batches at a time are sorted by length, so that
    little is spent on padding. It is laid down beforehand: a training that goes on after an
    interruption meets the same.
    """
    rng = generator(seed, "order")
    order: list[int] = []
    while len(order) < steps * batch:
        order += rng.permutation(len(lengths)).tolist()
    order = order[: steps * batch]
    laid: list[int] = []
    for start in range(0, len(order), batch * _LOOK_AHEAD):
        window = sorted(order[start : start + batch * _LOOK_AHEAD], key=lengths.__getitem__)
        batches = [window[k : k + batch] for k in range(0, len(window), batch)]
        laid += [place for k in rng.permutation(len(batches)) for place in batches[k]]
    return laid


def import_trl(what: str) -> tuple[Any, Any]:
    """Return TRL and datasets; HswarmError if they are not installed, for which `what` asks."""
    try:
        return import_module("trl"), import_module("datasets")
    except ImportError:
        raise HswarmError(
            f"{what} needs TRL, which is not installed.",
            hint="Install it: pip install 'hswarm[training]'",
        ) from None


def _dtype(device: torch.device) -> torch.dtype:
    """Return what the base is held in; the adapter itself is trained in single precision."""
    return torch.float32 if device.type == "cpu" else torch.bfloat16


def _arguments(
    folder: Path, recipe: Recipe, steps: int, seed: int, device: torch.device
) -> dict[str, Any]:
    on_cpu = device.type == "cpu"
    most = min(recipe.at_once or (recipe.batch if on_cpu else 4), recipe.batch)
    at_once = next(k for k in range(most, 0, -1) if recipe.batch % k == 0)
    return {
        "output_dir": str(folder / _SCRAPS),
        "max_steps": steps,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": recipe.batch // at_once,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": recipe.floor},
        "warmup_steps": recipe.warm_up,  # below 1: a share
        "weight_decay": WEIGHT_DECAY,
        "max_length": None,  # cut already
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "train_sampling_strategy": "sequential",
        "seed": seed,
        "bf16": True,
        "use_cpu": on_cpu,
        "gradient_checkpointing": not on_cpu,
        "dataloader_pin_memory": not on_cpu,
        "save_strategy": "steps",
        "save_steps": max(1, steps // CHECKPOINTS),
        "save_total_limit": 2,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
    }


def _last_checkpoint(folder: Path) -> Path | None:
    """Return the last checkpoint that is complete."""
    places = [
        int(path.parent.name.rpartition("-")[2]) for path in folder.glob(f"checkpoint-*/{_STATE}")
    ]
    for place in sorted(places, reverse=True):
        checkpoint = folder / f"checkpoint-{place}"
        try:
            json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return checkpoint
    return None


class _Losses(TrainerCallback):
    """Writes down what the loss is, and tells of it."""

    def __init__(self, path: Path, on_step: OnStep) -> None:
        self._path = path
        self._on_step = on_step

    def begin(self, checkpoint: Path | None) -> None:
        """Forget the steps after a checkpoint: they are done again."""
        done = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
        lines = self._path.read_text().splitlines()[:done] if done else []
        self._path.write_text("".join(f"{line}\n" for line in lines))

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Take a step in."""
        said = given.get("logs") or {}
        if "loss" not in said:
            return
        line = {
            "step": state.global_step,
            "loss": said["loss"],
            "learning_rate": said["learning_rate"],
        }
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._on_step(state.global_step, state.max_steps, float(said["loss"]))
