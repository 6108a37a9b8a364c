"""The tokenizer of a family's base, and where answers end."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from hswarm.errors import HswarmError
from hswarm.experts.family import Family
from hswarm.experts.folder import read_json


def load_tokenizer(family: Family) -> PreTrainedTokenizerBase:
    """Load the tokenizer of the family's base, or raise HswarmError."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            family.base, trust_remote_code=family.trust_remote_code, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise _unusable(family.base, str(error)) from None
    return tokenizer


def end_tokens(family: Family, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids after which an answer is over; none if the base names none."""
    ends = None
    for name in ("generation_config.json", "config.json"):
        if ends is None and (family.base / name).is_file():
            ends = read_json(family.base / name).get("eos_token_id")
    if ends is None:
        ends = tokenizer.eos_token_id
    if ends is None:
        return []
    return [ends] if isinstance(ends, int) else list(ends)


def _unusable(base: Path, why: str) -> HswarmError:
    return HswarmError(
        f"The tokenizer in {base} cannot be loaded: {why.splitlines()[0]}",
        hint="Is the base complete? It needs tokenizer.json and tokenizer_config.json.",
    )
