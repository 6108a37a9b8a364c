"""Reward models and toxicity classifiers: a transformers sequence classifier, run in batches.

A toxicity classifier is asked about a text, a reward model about an exchange: a JSON list of
instruction and response. Either answers with a number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hswarm.engines.batching import Audience, Batch, BatchingEngine, Outcome
from hswarm.engines.request import CallFailed, Completion, Request
from hswarm.errors import HswarmError

if TYPE_CHECKING:
    import torch


def open_classifier(
    model: str, revision: str | None, label: str | None, *, device: str, batch_size: int
) -> BatchingEngine:
    """Load a classifier from a folder or the hub.

    With a `label` it answers with that output's probability, without one with its only output.
    HswarmError if the model is not to be had, or has other outputs.
    """
    return BatchingEngine(ClassifierRunner(model, revision, label, device, batch_size))


class ClassifierRunner:
    """Runs a classifier on texts, sorted by length."""

    def __init__(
        self, name: str, revision: str | None, label: str | None, device: str, batch_size: int
    ) -> None:
        from transformers import (  # noqa: PLC0415
            AutoModelForSequenceClassification,
            AutoTokenizer,
        )

        from hswarm.engines.transformers.placement import pick_device  # noqa: PLC0415
        from hswarm.experts.hush import hushed  # noqa: PLC0415

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
            with hushed():
                model = AutoModelForSequenceClassification.from_pretrained(
                    name, revision=revision, use_safetensors=True
                )
        except (OSError, ValueError) as error:
            raise HswarmError(
                f"The classifier {name} cannot be loaded: {str(error).partition(chr(10))[0]}",
                hint=f"On a machine with network: hf download {name}",
            ) from None
        self._device = pick_device(device)
        self._model = model.to(self._device).eval()
        self._batch_size = batch_size
        self._column = _column(dict(model.config.id2label), label, name)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        if model.config.pad_token_id is None:
            model.config.pad_token_id = self._tokenizer.pad_token_id

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Yield the numbers batch by batch; a number that is not finite is a failed call."""
        exchanges = self._column is None
        texts = [self._text(r.prompt) if exchanges else r.prompt for r in requests]
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), self._batch_size):
            places = order[start : start + self._batch_size]
            numbers = self._rate([texts[place] for place in places])
            yield [(p, _outcome(n)) for p, n in zip(places, numbers, strict=True)]

    def _text(self, prompt: str) -> str:
        instruction, response = json.loads(prompt)
        if self._tokenizer.chat_template is None:
            return f"{instruction}\n\n{response}"
        said = [
            {"role": "user", "content": instruction},
            {"role": "assistant", "content": response},
        ]
        return str(self._tokenizer.apply_chat_template(said, tokenize=False))

    def _rate(self, texts: list[str]) -> list[float]:
        import torch  # noqa: PLC0415

        special = self._tokenizer.chat_template is None
        with torch.inference_mode():
            inputs = self._tokenizer(
                texts,
                return_tensors="pt",
                padding=True,
                truncation=True,
                add_special_tokens=special,
            ).to(self._device)
            logits: torch.Tensor = self._model(**inputs).logits.float()
        if self._column is None:
            return [float(value) for value in logits[:, 0].tolist()]
        # Several labels may hold at once where the model was trained so; else they share one.
        multiple = self._model.config.problem_type == "multi_label_classification"
        shares = logits.sigmoid() if multiple or logits.shape[1] == 1 else logits.softmax(dim=1)
        return [float(value) for value in shares[:, self._column].tolist()]


def _column(labels: dict[Any, str], label: str | None, name: str) -> int | None:
    """Return the output to read; None for the raw value of the only one."""
    if label is None:
        if len(labels) != 1:
            raise HswarmError(
                f"{name} has {len(labels)} outputs: it is no reward model.",
                hint="A reward model is a sequence classifier with one output.",
            )
        return None
    for number, known in labels.items():
        if str(known).lower() == label.lower():
            return int(number)
    raise HswarmError(
        f"{name} has no output {label!r}.", hint=f"It has: {', '.join(map(str, labels.values()))}."
    )


def _outcome(number: float) -> Outcome:
    if not math.isfinite(number):
        return CallFailed("the classifier's output is not finite")
    return Completion(repr(number), 0, 0)
