"""How well experts foresee texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

from hswarm.experts.family import Family

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
    model = AutoModelForCausalLM.from_pretrained(
        family.base, local_files_only=True, trust_remote_code=family.trust_remote_code
    )
    adapted = PeftModel.from_pretrained(model, family.experts[0].folder, adapter_name="0")
    for place, expert in enumerate(family.experts[1:], start=1):
        adapted.load_adapter(str(expert.folder), adapter_name=str(place))
    adapted.to(device).eval()
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
