"""The text of an answer while its tokens are still coming."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transformers import PreTrainedTokenizerBase

_INCOMPLETE: Final = "\N{REPLACEMENT CHARACTER}"
"""What a character looks like of which not all bytes have come."""


class Speech:
    """Turns a growing list of tokens into growing text, at the cost of the last few tokens.

    A token's text may depend on the one before it (a space between words, say), so a token is read
    together with its predecessors since the last time that text came out whole.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._text = ""
        self._start = 0
        self._read = 0

    def grow(self, tokens: Sequence[int]) -> str | None:
        """Return the text so far without surrounding space; None if it is what it was.

        `tokens` are all that were generated: those of the call before and more, or, where decoding
        had to begin again, the first ones once more.
        """
        if len(tokens) < self._read:
            self._text, self._start, self._read = "", 0, 0
        before = self._decode(tokens[self._start : self._read])
        now = self._decode(tokens[self._start :])
        if len(now) <= len(before) or now.endswith(_INCOMPLETE):
            return None
        said = self._text.strip()
        self._text += now[len(before) :]
        self._start, self._read = self._read, len(tokens)
        text = self._text.strip()
        return text if text != said else None

    def _decode(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))
