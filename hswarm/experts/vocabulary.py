"""What the tokens of different tokenizers stand for, and which of them stand for the same.

Tokenizers write the same text in different ways: " the" is "Ġthe" in one and "▁the" in another, and
a byte of a longer character is "Ã" or "<0xC3>". So tokens are told by the bytes that they put into
a text; special tokens by their name; and the tokens that end an answer are one another's,
whatever they are called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from hswarm.errors import HswarmError
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json
from hswarm.experts.mixture import Mixture
from hswarm.experts.tokenizer import end_tokens, load_tokenizer

Meaning = bytes | str
"""The bytes of a token that is text; the name of one that is not."""
Ids = NDArray[np.int64]

_FALLBACK: Final = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE: Final = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece writes a space."""
_PIECES: Final = frozenset({"Metaspace", "ByteFallback"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of a tokenizer: id -> what it stands for, None where there is no such token.

    `ends` are the ids after which an answer is over. Of several ids that stand for the same the
    `first` one counts.
    """

    meanings: tuple[Meaning | None, ...]
    ends: tuple[int, ...]
    firsts: Mapping[Meaning, int]

    @classmethod
    def of(cls, tokens: Mapping[int, tuple[Meaning, int]], ends: Sequence[int]) -> Vocabulary:
        """Return the vocabulary of `tokens`: id -> (what it stands for, its rank among equals)."""
        meanings: list[Meaning | None] = [None] * (max((*tokens, *ends), default=-1) + 1)
        firsts: dict[Meaning, int] = {}
        for number, (meaning, _) in sorted(tokens.items(), key=lambda t: (t[1][1], t[0])):
            meanings[number] = meaning
            if number not in ends:
                firsts.setdefault(meaning, number)
        return cls(tuple(meanings), tuple(sorted(set(ends))), firsts)

    @property
    def tokens(self) -> list[int]:
        """The ids that there are."""
        return [number for number, meaning in enumerate(self.meanings) if meaning is not None]


@dataclass(frozen=True, slots=True)
class Shared:
    """The tokens that some vocabularies share: `ids[v, k]` is what the k-th is called in v.

    Where vocabularies differ, the last one is the end of an answer; of the vocabulary v it stands
    for all of `ends[v]`. Where they do not, everything is shared, and `ends` is empty.
    """

    ids: Ids
    ends: tuple[tuple[int, ...], ...] = ()

    def holds(self, vocabulary: int) -> frozenset[int]:
        """Return which ids of a vocabulary are shared."""
        own = frozenset(self.ids[vocabulary].tolist())
        return own | frozenset(self.ends[vocabulary] if self.ends else ())


def share(vocabularies: Sequence[Vocabulary]) -> Shared:
    """Return what all of `vocabularies` share, in order of the first one's ids.

    HswarmError where no text is shared, or an answer of one has no end.
    """
    first = vocabularies[0]
    if all(other == first for other in vocabularies[1:]):
        own = np.arange(len(first.meanings))
        return Shared(np.stack([own] * len(vocabularies)))
    common = set.intersection(*(set(vocabulary.firsts) for vocabulary in vocabularies))
    if not any(isinstance(meaning, bytes) for meaning in common):
        raise HswarmError(
            "The tokenizers of these experts share no token of text.",
            hint="Only experts whose tokenizers have something in common can be mixed by tokens.",
        )
    if not all(vocabulary.ends for vocabulary in vocabularies):
        raise HswarmError(
            "The base of one of these experts names no token that ends an answer.",
            hint="Give its generation_config.json an eos_token_id.",
        )
    ordered = sorted(common, key=first.firsts.__getitem__)
    ids = [
        [*(vocabulary.firsts[meaning] for meaning in ordered), vocabulary.ends[0]]
        for vocabulary in vocabularies
    ]
    return Shared(np.array(ids), tuple(vocabulary.ends for vocabulary in vocabularies))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a family's tokens all families of a mixture share: numbers, and what is left out."""

    family: str
    tokens: int
    shared: int
    missing: tuple[str, ...]
    """The others, as text, by id."""


def cover(mixture: Mixture) -> list[Coverage]:
    """Return what the families of a mixture share; HswarmError where that is no text."""
    vocabularies = [vocabulary_of(family) for family in mixture.families]
    shared = share(vocabularies)
    covered = []
    for place, family in enumerate(mixture.families):
        vocabulary, held = vocabularies[place], shared.holds(place)
        missing = [number for number in vocabulary.tokens if number not in held]
        covered.append(
            Coverage(
                family.name,
                len(vocabulary.tokens),
                len(vocabulary.tokens) - len(missing),
                tuple(_show(vocabulary.meanings[number]) for number in missing),
            )
        )
    return covered


def _show(meaning: Meaning | None) -> str:
    return meaning.decode(errors="backslashreplace") if isinstance(meaning, bytes) else str(meaning)


def read_vocabulary(
    tokenizer: PreTrainedTokenizerBase, ends: Sequence[int], size: int | None = None
) -> Vocabulary:
    """Return the vocabulary of a tokenizer whose answers end with one of `ends`.

    What is not among the `size` tokens that the model knows is left out.
    """
    added = tokenizer.added_tokens_decoder
    mean = _convention(tokenizer)
    tokens: dict[int, tuple[Meaning, int]] = {}
    for token, number in tokenizer.get_vocab().items():
        if size is not None and number >= size:
            continue
        if number not in added:
            tokens[number] = mean(token)
        else:  # What was added is found in a text first, and written as it is.
            name = added[number].content
            tokens[number] = (name if added[number].special else name.encode()), 0
    return Vocabulary.of(tokens, ends)


def vocabulary_of(family: Family) -> Vocabulary:
    """Return the vocabulary of a family's base; HswarmError if its tokenizer cannot be loaded."""
    tokenizer = load_tokenizer(family)
    config = read_json(family.base / "config.json")
    size = config.get("vocab_size") or config.get("text_config", {}).get("vocab_size")
    return read_vocabulary(tokenizer, end_tokens(family, tokenizer), size)


def _convention(tokenizer: PreTrainedTokenizerBase) -> Callable[[str], tuple[bytes, int]]:
    """Return what turns a token, as the tokenizer writes it, into the bytes that it stands for.

    Beside them comes its rank: 2 where a text is not written with it if it can be helped, else 1.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    described = json.loads(backend.to_str())["decoder"] if backend is not None else None
    parts = list(_parts(described))
    kinds = {part["type"] for part in parts}
    if "ByteLevel" in kinds:
        return _from_byte_level
    spaced = any(_SPACE in json.dumps(part, ensure_ascii=False) for part in parts)
    if spaced or kinds & _PIECES or backend is None:
        return _from_piece
    return _from_word


def _parts(described: Any) -> Iterator[dict[str, Any]]:
    if described is not None:
        yield described
        for part in described.get("decoders", ()):
            yield from _parts(part)


def _from_byte_level(token: str) -> tuple[bytes, int]:
    # A letter that stands for no byte gets into a vocabulary by its training, and into no text.
    known = [_byte_alphabet().get(letter) for letter in token]
    text = b"".join(byte or letter.encode() for byte, letter in zip(known, token, strict=True))
    return text, 1 if all(known) else 2


def _from_piece(token: str) -> tuple[bytes, int]:
    byte = _FALLBACK.fullmatch(token)
    return (bytes([int(byte[1], 16)]), 2) if byte else (token.replace(_SPACE, " ").encode(), 1)


def _from_word(token: str) -> tuple[bytes, int]:
    """A word stands for itself and the space before it, unless it goes on with the one before."""
    return (token[2:] if token.startswith("##") else f" {token}").encode(), 1


@cache
def _byte_alphabet() -> dict[str, bytes]:
    """Return the letters that byte-level tokenizers write bytes with (Radford et al., 2019)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {
        **{chr(byte): bytes([byte]) for byte in shown},
        **{chr(256 + k): bytes([byte]) for k, byte in enumerate(hidden)},
    }
