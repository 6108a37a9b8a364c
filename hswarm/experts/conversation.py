"""Conversations as a model reads them: which of the text is given to it, and which it is to say."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from hswarm.experts.corpus import Conversation
from hswarm.experts.family import PromptStyle

Part = tuple[str, bool]
"""A text, and whether the model says it."""


def parts_of(
    tokenizer: PreTrainedTokenizerBase, conversation: Conversation, style: PromptStyle
) -> list[Part]:
    """Return a conversation's text in parts, in turn given to the model and said by it.

    A model of style `chat` sees its template, whose own mark ends an answer. Where the template
    does not write a conversation down from left to right, only the first exchange is taken.
    """
    if style == "plain":
        return [part for prompt, said in conversation for part in _plainly(tokenizer, prompt, said)]
    parts: list[Part] = []
    messages: list[dict[str, str]] = []
    written = ""
    for prompt, said in conversation:
        messages.append({"role": "user", "content": prompt})
        asked = _write(tokenizer, messages, ask=True)
        messages.append({"role": "assistant", "content": said})
        answered = _write(tokenizer, messages, ask=False)
        if not (asked.startswith(written) and answered.startswith(asked)):
            break
        parts += [(asked[len(written) :], False), (answered[len(asked) :], True)]
        written = answered
    return parts or _plainly(tokenizer, chat(tokenizer, conversation[0][0]), conversation[0][1])


def as_asked(tokenizer: PreTrainedTokenizerBase, prompt: str, style: PromptStyle) -> str:
    """Return the text that a model is given for `prompt`."""
    return chat(tokenizer, prompt) if style == "chat" else prompt


def chat(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """Return `prompt` in the tokenizer's chat template, ready for the response."""
    return _write(tokenizer, [{"role": "user", "content": prompt}], ask=True)


def _plainly(tokenizer: PreTrainedTokenizerBase, prompt: str, said: str) -> list[Part]:
    return [(prompt, False), (f" {said}{tokenizer.eos_token}", True)]


def _write(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], *, ask: bool) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask))
