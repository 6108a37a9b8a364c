"""What experts are trained on: conversations, from a JSONL file or a domain by its name.

A name is KIND:DOMAIN. `tulu-v2:cot` is a part of the Tulu-v2 mixture (Ivison et al., 2023), fetched
from the hub; `tiny:friends` is what the tiny pool's experts learn from, made as it is asked for
(`hswarm.making.domains`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from hswarm.errors import HswarmError

Pair = tuple[str, str]
"""A prompt and the response to it."""
Conversation = tuple[Pair, ...]
"""Exchanges that follow one another."""

TULU: Final = "allenai/tulu-v2-sft-mixture"
TULU_DOMAINS: Final[Mapping[str, str]] = {
    "flan_v2": "tasks with instructions (Chung et al., 2024)",
    "cot": "chains of thought (Wei et al., 2022)",
    "oasst1": "Open Assistant (Köpf et al., 2024)",
    "sharegpt": "conversations with ChatGPT",
    "code_alpaca": "code (Chaudhary, 2023)",
    "lima": "few and long (Zhou et al., 2024)",
    "wizardlm": "WizardLM Evol-Instruct V2 (Xu et al., 2023)",
    "open_orca": "explanations (Lian et al., 2023)",
    "science": "scientific literature, all of its six parts (Ivison et al., 2023)",
    "gpt4_alpaca": "Alpaca by GPT-4; the papers took one by Gemini, which is not public",
}
"""The ten domains of both papers."""

_NAMED: Final = re.compile(r"(tulu-v2|tiny):([\w.-]+)", re.ASCII)


def split_name(source: str) -> tuple[str, str] | None:
    """Return the kind and the domain of a name, None for a file's path."""
    named = _NAMED.fullmatch(source)
    return (named[1], named[2]) if named else None


def locate_corpus(source: str, folder: Path) -> str:
    """Return a file's absolute path, relative ones starting from `folder`; a name as it is."""
    return source if split_name(source) else str(folder / Path(source).expanduser())


def read_corpus(source: str) -> list[Conversation]:
    """Return the conversations of a file or of a domain of Tulu-v2; HswarmError if there are none.

    Each line of a file is a JSON object with a "prompt" and a "response", or with "messages" in the
    form of chats.
    """
    named = split_name(source)
    if named is None:
        return _read_file(Path(source))
    if named[0] != "tulu-v2":
        raise HswarmError(
            f"{source} is made as it is asked for, and has no end to be read to.",
            hint="Take a file or a part of Tulu-v2: tulu-v2:cot.",
        )
    return _read_tulu(named[1])


def _read_file(path: Path) -> list[Conversation]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HswarmError(
            f"The training data {path} cannot be read: {_reason(error)}.",
            hint="Check `data` of the pool.",
        ) from None
    conversations = []
    for number, line in enumerate(lines, start=1):
        try:
            conversations.append(_read_entry(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            raise HswarmError(
                f"{path}: line {number} is no JSON object with a prompt and a response.",
                hint="Mend it there.",
            ) from None
    if not conversations:
        raise HswarmError(f"{path} holds no training data.", hint="Check `data` of the pool.")
    return conversations


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _read_entry(entry: Any) -> Conversation:
    if "messages" not in entry:
        return ((str(entry["prompt"]), str(entry["response"])),)
    conversation = as_exchanges(entry["messages"])
    if not conversation:
        raise ValueError("nobody answers")
    return conversation


def as_exchanges(messages: Iterable[Mapping[str, str]]) -> Conversation:
    """Return messages of a chat as exchanges; what comes before an answer is its prompt."""
    exchanges: list[Pair] = []
    asked: list[str] = []
    for message in messages:
        if message["role"] != "assistant":
            asked.append(message["content"])
        elif asked:
            exchanges.append(("\n\n".join(asked), message["content"]))
            asked = []
    return tuple(exchanges)


def _read_tulu(domain: str) -> list[Conversation]:
    if domain not in TULU_DOMAINS:
        raise HswarmError(
            f"Tulu-v2 has no domain {domain!r}.", hint=f"Domains: {', '.join(TULU_DOMAINS)}."
        )
    try:
        datasets: Any = import_module("datasets")
    except ImportError:
        raise HswarmError(
            "Tulu-v2 is read by `datasets`, which is not installed.",
            hint="Install it: pip install 'hswarm[training]'",
        ) from None
    try:
        mixture = datasets.load_dataset(TULU, split="train")
    except Exception as error:  # of the network, the hub, the disk
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise HswarmError(
            f"The hub did not give {TULU}: {reason}.", hint="Check the network and HF_HUB_OFFLINE."
        ) from None
    places = [
        place for place, part in enumerate(mixture["dataset"]) if part.partition(".")[0] == domain
    ]
    read = (as_exchanges(entry["messages"]) for entry in mixture.select(places))
    return [conversation for conversation in read if conversation]
