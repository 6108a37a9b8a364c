"""A language model on this machine as a judge, greedy, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from hswarm.engines.batching import Audience, Batch, BatchingEngine
from hswarm.engines.request import Completion, Request
from hswarm.errors import HswarmError

_BATCH: Final = 8


def open_judge(name: str, revision: str | None, device: str) -> BatchingEngine:
    """Load a model from a folder or the hub; HswarmError if it is not to be had."""
    return BatchingEngine(JudgeRunner(name, revision, device))


class JudgeRunner:
    """Generates greedily; prompts go through the tokenizer's chat template, if it has one."""

    def __init__(self, name: str, revision: str | None, device: str) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

        from hswarm.engines.transformers.placement import pick_device  # noqa: PLC0415
        from hswarm.experts.hush import hushed  # noqa: PLC0415

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                name, revision=revision, padding_side="left"
            )
            with hushed():
                model: Any = AutoModelForCausalLM.from_pretrained(
                    name, revision=revision, dtype="auto", use_safetensors=True
                )
        except (OSError, ValueError) as error:
            raise HswarmError(
                f"The judge {name} cannot be loaded: {str(error).partition(chr(10))[0]}",
                hint=f"On a machine with network: hf download {name}",
            ) from None
        self._device = pick_device(device)
        # Weights in half precision are for accelerators; a CPU rounds them differently by batch.
        self._model = (model.float() if self._device.type == "cpu" else model).to(self._device)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Yield the answers batch by batch, prompts of about one length together."""
        texts = [self._text(request.prompt) for request in requests]
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            most = max(requests[place].sampling.max_tokens for place in places)
            answers = self._generate([texts[place] for place in places], most)
            yield list(zip(places, answers, strict=True))

    def _text(self, prompt: str) -> str:
        if self._tokenizer.chat_template is None:
            return prompt
        said = [{"role": "user", "content": prompt}]
        return str(
            self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        )

    def _generate(self, texts: list[str], most: int) -> list[Completion]:
        special = self._tokenizer.chat_template is None
        inputs = self._tokenizer(
            texts, return_tensors="pt", padding=True, add_special_tokens=special
        ).to(self._device)
        tokens = self._model.generate(
            **inputs,
            max_new_tokens=most,
            do_sample=False,
            pad_token_id=self._tokenizer.pad_token_id,
        )[:, inputs["input_ids"].shape[1] :]
        read = inputs["attention_mask"].sum(dim=1).tolist()
        answers = self._tokenizer.batch_decode(tokens, skip_special_tokens=True)
        ends = set(_listed(self._model.generation_config.eos_token_id))
        counts = [_length(row, ends) for row in tokens.tolist()]
        return [
            Completion(text.strip(), int(prompt), count, truncated=not ended)
            for text, prompt, (count, ended) in zip(answers, read, counts, strict=True)
        ]


def _length(tokens: list[int], ends: set[int]) -> tuple[int, bool]:
    """Return how many tokens an answer has, the one that ends it included, and if there is one."""
    for place, token in enumerate(tokens, start=1):
        if token in ends:
            return place, True
    return len(tokens), False


def _listed(identifiers: int | list[int] | None) -> list[int]:
    if identifiers is None:
        return []
    return [identifiers] if isinstance(identifiers, int) else identifiers
