"""Prompts in, token ids out, and back: the tokenizer of a family's base model."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerBase

from hswarm.errors import HswarmError
from hswarm.experts.family import Family, PromptStyle
from hswarm.experts.tokenizer import load_tokenizer


class Prompts:
    """Encodes prompts in the family's style and decodes answers."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, style: PromptStyle) -> None:
        self.tokenizer = tokenizer
        self._style = style

    @classmethod
    def load(cls, family: Family) -> Prompts:
        """Load the tokenizer of the family's base, or raise HswarmError."""
        tokenizer = load_tokenizer(family)
        if family.prompt == "chat" and not tokenizer.chat_template:
            raise HswarmError(
                f"The tokenizer in {family.base} has no chat template.",
                hint="Set `prompt: plain` in the pool, or use a chat-tuned base.",
            )
        return cls(tokenizer, family.prompt)

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each prompt, the chat template applied; all in one call."""
        distinct = list(dict.fromkeys(prompts))
        if self._style == "chat":
            chats = [[{"role": "user", "content": prompt}] for prompt in distinct]
            try:
                texts = self.tokenizer.apply_chat_template(
                    chats, tokenize=False, add_generation_prompt=True
                )
            except TemplateError as error:
                raise HswarmError(
                    f"The chat template cannot render a prompt: {error}.",
                    hint="Set `prompt: plain` in the pool.",
                ) from None
            encoded = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        else:
            encoded = self.tokenizer(distinct)["input_ids"]
        by_prompt = dict(zip(distinct, encoded, strict=True))
        return [by_prompt[prompt] for prompt in prompts]

    def decode(self, answers: Sequence[Sequence[int]]) -> list[str]:
        """Return each answer as text, without special tokens and surrounding space."""
        texts = self.tokenizer.batch_decode([list(a) for a in answers], skip_special_tokens=True)
        return [text.strip() for text in texts]
