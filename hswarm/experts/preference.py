"""Training an expert by what is preferred: DPO and PPO, by TRL."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import PrinterCallback

from hswarm.experts.conversation import as_asked
from hswarm.experts.family import Family
from hswarm.experts.finetune import load_trainable, save_trained
from hswarm.experts.hush import hushed
from hswarm.experts.supervised import import_trl

GROUP: Final = 4
"""Answers to each question in a step of PPO, whose mean reward is what each is compared with."""

Reward = Callable[[Sequence[str], Sequence[str]], Awaitable[list[float | None]]]
"""Given prompts and an answer to each: the rewards, None where one cannot be told."""


@dataclass(frozen=True, slots=True)
class Preference:
    """Of two answers to a prompt, which is the better one."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Training:
    """How an expert is trained: on which device, how many steps, how fast."""

    device: torch.device
    steps: int
    batch: int
    learning_rate: float
    seed: int

    def arguments(self, folder: str) -> dict[str, Any]:
        """Return what TRL's configurations have in common; `folder` is for whatever it leaves."""
        return {
            "output_dir": folder,
            "max_steps": self.steps,
            "per_device_train_batch_size": self.batch,
            "learning_rate": self.learning_rate,
            "seed": self.seed,
            "report_to": "none",
            "save_strategy": "no",
            "logging_strategy": "no",
            "disable_tqdm": True,
            "gradient_checkpointing": False,
            "bf16": False,
            "use_cpu": self.device.type == "cpu",
        }


def train_dpo(
    family: Family,
    start: int,
    training: Training,
    folder: Path,
    *,
    preferences: Sequence[Preference],
) -> None:
    """Train the `start`-th expert by direct preference optimisation (Rafailov et al., 2023).

    The reference is the expert as it was. Written to a new `folder`.
    """
    trl, datasets = import_trl("A method that learns from preferences")
    with _trained(family, start, training, folder) as (model, tokenizer, scratch):
        rows = [
            {
                "prompt": as_asked(tokenizer, one.prompt, family.prompt),
                "chosen": f" {one.chosen}",
                "rejected": f" {one.rejected}",
            }
            for one in preferences
        ]
        _train(
            trl.DPOTrainer,
            model=model,
            args=trl.DPOConfig(**training.arguments(scratch)),
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=tokenizer,
        )


def train_ppo(
    family: Family,
    start: int,
    training: Training,
    folder: Path,
    *,
    prompts: Sequence[str],
    reward: Reward,
    max_tokens: int,
) -> None:
    """Train the `start`-th expert by PPO's clipped objective (Schulman et al., 2017).

    TRL no longer has a critic to estimate advantages with: an answer's is its reward above the mean
    of its group, over their spread (GRPO, Shao et al., 2024). Written to a new `folder`.
    """
    trl, datasets = import_trl("A method that learns from preferences")
    with _trained(family, start, training, folder) as (model, tokenizer, scratch):
        asked = [as_asked(tokenizer, prompt, family.prompt) for prompt in prompts]
        plain = dict(zip(asked, prompts, strict=True))

        async def judge(prompts: list[str], completions: list[str], **_: Any) -> list[float | None]:
            return await reward([plain[p] for p in prompts], [c.strip() for c in completions])

        config = trl.GRPOConfig(
            **training.arguments(scratch),
            num_generations=GROUP,
            max_completion_length=max_tokens,
            beta=0.04,
            epsilon=0.2,
            num_iterations=2,
            loss_type="grpo",
        )
        _train(
            trl.GRPOTrainer,
            model=model,
            reward_funcs=judge,
            args=config,
            train_dataset=datasets.Dataset.from_list([{"prompt": text} for text in asked]),
            processing_class=tokenizer,
        )


def _train(kind: Callable[..., Any], **given: Any) -> None:
    """Have a trainer of TRL's train what it is `given`, and print nothing."""
    trainer = kind(**given)
    trainer.remove_callback(PrinterCallback)
    trainer.train()


@contextmanager
def _trained(
    family: Family, start: int, training: Training, folder: Path
) -> Iterator[tuple[Any, Any, str]]:
    """Give a model to train, its tokenizer and a folder for scraps; then write the model down."""
    with hushed(), torch.random.fork_rng(), tempfile.TemporaryDirectory() as scratch:
        torch.manual_seed(training.seed)
        model, tokenizer = load_trainable(family, start, training.device)
        yield model, tokenizer, scratch
        save_trained(family, model, folder)
