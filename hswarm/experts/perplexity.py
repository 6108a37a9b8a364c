"""How well experts foresee texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from hswarm.experts.corpus import Conversation
from hswarm.experts.family import Family
from hswarm.experts.finetune import load_base
from hswarm.experts.hush import hushed
from hswarm.experts.training import IGNORE, Encoded, collate, encode

_BATCH = 16


def log_perplexities(
    family: Family, texts: Sequence[Sequence[int]], device: torch.device
) -> list[float]:
    """Return each expert's mean log-perplexity over `texts`, in nats per token, by column.

    Texts are token ids; one of fewer than two tokens tells nothing and is left out. The base is
    loaded once more for this, and let go of again. NaN where there is nothing to tell.
    """
    known = sorted((list(text) for text in texts if len(text) > 1), key=len)
    if not known:
        return [math.nan] * len(family)
    adapted, _ = _load(family, device)
    means = []
    for place in range(len(family)):
        adapted.set_adapter(str(place))
        surprises = [
            surprise
            for k in range(0, len(known), _BATCH)
            for surprise in _surprises(adapted, known[k : k + _BATCH], device)
        ]
        means.append(sum(surprises) / len(surprises))
    return means


def response_losses(
    family: Family,
    domains: Sequence[Sequence[Conversation]],
    device: torch.device,
    *,
    longest: int,
) -> list[list[float]]:
    """Return the mean loss of the base, then of each expert, on each of some sets of conversations.

    In nats per token of what the model is to say; of a conversation the first `longest` tokens.
    NaN where there is nothing to say.
    """
    adapted, tokenizer = _load(family, device)
    encoded = [
        [
            (ids[:longest], said[:longest])
            for ids, said in sorted(
                encode(tokenizer, domain, family.prompt), key=lambda one: len(one[0])
            )
        ]
        for domain in domains
    ]
    with adapted.disable_adapter():
        rows = [[_loss(adapted, tokenizer, texts, device) for texts in encoded]]
    for place in range(len(family)):
        adapted.set_adapter(str(place))
        rows.append([_loss(adapted, tokenizer, texts, device) for texts in encoded])
    return rows


def _load(family: Family, device: torch.device) -> tuple[PeftModel, PreTrainedTokenizerBase]:
    """Load the base with all experts; they are called by their places."""
    with hushed():
        base, tokenizer = load_base(
            family.base, device, trust_remote_code=family.trust_remote_code, dtype=torch.float32
        )
        adapted = PeftModel.from_pretrained(base, family.experts[0].folder, adapter_name="0")
        for place, expert in enumerate(family.experts[1:], start=1):
            adapted.load_adapter(str(expert.folder), adapter_name=str(place))
    return adapted.to(device).eval(), tokenizer


@torch.inference_mode()
def _loss(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[Encoded],
    device: torch.device,
) -> float:
    total = count = 0.0
    for k in range(0, len(texts), _BATCH):
        batch = collate(texts[k : k + _BATCH], tokenizer)
        ids, mask, labels = (tensor.to(device) for tensor in batch)
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
        wanted = labels[:, 1:]
        total += float(cross_entropy(logits.transpose(1, 2), wanted, reduction="sum"))
        count += float((wanted != IGNORE).sum())
    return total / count if count else math.nan


@torch.inference_mode()
def _surprises(
    model: torch.nn.Module, texts: Sequence[list[int]], device: torch.device
) -> list[float]:
    """Return the mean surprise of each text's tokens but the first."""
    longest = max(map(len, texts))
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    ids, mask = ids.to(device), mask.to(device)
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    surprise = cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    wanted = mask[:, 1:].to(surprise)
    means: list[float] = ((surprise * wanted).sum(dim=1) / wanted.sum(dim=1)).tolist()
    return means
