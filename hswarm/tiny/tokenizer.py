"""The tiny models' tokenizer: byte-level BPE with the words of the small world as single tokens.

Any text can be encoded. Digits stand alone, and the fixed sentences of the prompts and tasks are
one token each: at this size a model should spend its context on what differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from hswarm.agents.prompts import INSTRUCTIONS

PAD, USER, ASSISTANT, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    f"{ASSISTANT} {{{{ message['content'] | trim }}}}{END}"
    "{% else %}"
    f"{USER}{{{{ message['content'] | trim }}}}"
    "{% endif %}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{ASSISTANT}{{% endif %}}"
)

PHRASES: Final = (
    INSTRUCTIONS["entry"],
    INSTRUCTIONS["middle"],
    " Make sure to provide a final and definitive answer.",
    "Previous response",
    "Context:",
    "Question:",
    " The answer is",
    " blank",
    "Pick the correct answer for each blank that satisfies all the given constraints.",
    "Constraints:",
    "Options:\nPlease select the correct answer from A, B, C, D.",
    "The following paragraph describes an undirected graph with weights.",
    " is connected to",
    " with weight",
    "Q: What is the shortest path between node",
    ", and what is the length of the shortest path?",
    "Please directly answer with the length of the shortest path:",
    "The following text describes an undirected graph. "
    "Determine if there is a path between two nodes in the graph.",
    "Q: Is there a path between node",
    "Please directly answer with Yes or No:",
)
"""Sentences and phrases that are one token each."""

VOCABULARY: Final = 1536


def build_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Train the tokenizer on `texts`; the same texts give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    words = Regex(r"'s|\d| \d| ?[A-Za-z]+| ?[^\sA-Za-z\d]+|\s")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([PAD, USER, ASSISTANT, END])
    tokenizer.add_tokens([AddedToken(phrase, normalized=False) for phrase in PHRASES])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, USER, ASSISTANT, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
