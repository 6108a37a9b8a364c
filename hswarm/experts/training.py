"""Training a causal language model on (prompt, response) pairs: base models and LoRA experts alike.

The loss counts the response only. AdamW, linear warm-up, then a cosine to a tenth of the peak.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from hswarm.experts.conversation import parts_of
from hswarm.experts.corpus import Conversation
from hswarm.experts.family import PromptStyle

IGNORE = -100
_LOOK_AHEAD = 8
"""Batches drawn at once and sorted by length, so that little is spent on padding."""
_LENGTH_GRAIN = 32
"""Lengths are rounded up to this: with few distinct sizes, freed memory is used again."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to train: `steps` of `batch` pairs each, at a peak `learning_rate`."""

    steps: int
    batch: int
    learning_rate: float
    warm_up: float = 0.05
    weight_decay: float = 0.01

    @property
    def pairs(self) -> int:
        """How many pairs are trained on."""
        return self.steps * self.batch

    def rate(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""
        warm = max(1, round(self.warm_up * self.steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        return self.learning_rate * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2)


def fit(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Iterator[tuple[str, str]],
    schedule: Schedule,
    *,
    seed: int = 0,
    style: PromptStyle = "chat",
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train the parameters of `model` that require gradients, in place, on pairs as they come.

    `on_step(step, loss)` is told the mean cross-entropy per response token in nats.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    shuffle = torch.Generator().manual_seed(seed)
    device = parameters[0].device
    model.train()
    step = 0
    while step < schedule.steps:
        drawn = list(islice(pairs, schedule.batch * _LOOK_AHEAD))
        talks = [(pair,) for pair in drawn]
        encoded = sorted(encode(tokenizer, talks, style), key=lambda pair: len(pair[0]))
        batches = [encoded[k : k + schedule.batch] for k in range(0, len(encoded), schedule.batch)]
        for k in torch.randperm(len(batches), generator=shuffle).tolist():
            if step == schedule.steps:
                break
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate(step)
            ids, mask, labels = (t.to(device) for t in collate(batches[k], tokenizer))
            with torch.autocast(device.type, dtype=torch.bfloat16):
                logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
            wanted = labels[:, 1:]
            counts = wanted != IGNORE
            loss = cross_entropy(logits[counts].float(), wanted[counts])
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            on_step(step, float(loss.detach()))
            step += 1
    model.eval()


Encoded = tuple[list[int], list[bool]]
"""Token ids, and which of them the model is to say."""


def encode(
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[Conversation],
    style: PromptStyle = "chat",
) -> list[Encoded]:
    """Return each conversation's tokens, and which of them are the model's."""
    parts = [parts_of(tokenizer, conversation, style) for conversation in conversations]
    texts = [text for some in parts for text, _ in some]
    tokens = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    encoded = []
    for some in parts:
        ids: list[int] = []
        said: list[bool] = []
        for text, own in some:
            piece = next(tokens)
            if style == "plain" and not ids:
                piece = tokenizer(text)["input_ids"]  # with what begins a text
            ids += piece
            said += [own] * len(piece)
        encoded.append((ids, said))
    return encoded


def collate(
    batch: Sequence[Encoded], tokenizer: PreTrainedTokenizerBase
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pad to the right: ids, attention mask, labels (all but the model's ignored), each (B, T)."""
    longest = -(-max(len(ids) for ids, _ in batch) // _LENGTH_GRAIN) * _LENGTH_GRAIN
    ids = torch.full((len(batch), longest), int(tokenizer.pad_token_id))
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORE)
    for row, (tokens, said) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        labels[row, : len(tokens)][torch.tensor(said)] = torch.tensor(tokens)[torch.tensor(said)]
    return ids, mask, labels
