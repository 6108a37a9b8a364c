"""What experts were trained on, for the methods that train on it or look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path

from hswarm.errors import HswarmError

Pair = tuple[str, str]
"""A prompt and the response to it."""


def read_corpora(
    method: str, experts: Sequence[str], data: Mapping[str, str]
) -> list[Iterator[Pair]]:
    """Return what each of `experts` was trained on, endlessly; `data` says where that is.

    HswarmError, naming the method, where a pool does not say it of all of them.
    """
    missing = [name for name in experts if name not in data]
    if missing:
        raise HswarmError(
            f"{method} needs what the experts were trained on, and the pool does not say it of"
            f" {missing[0]!r}.",
            hint='Write `data: {expert: file.jsonl}` into the pool, a {"prompt": …, "response": …}'
            " in each line.",
        )
    return [cycle(_read_file(Path(data[name]))) for name in experts]


def _read_file(path: Path) -> list[Pair]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HswarmError(
            f"The training data {path} cannot be read: {error}.", hint="Check `data` of the pool."
        ) from None
    pairs = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            pairs.append((str(entry["prompt"]), str(entry["response"])))
        except (ValueError, KeyError, TypeError):
            raise HswarmError(
                f"{path}: line {number} is no JSON object with a prompt and a response.",
                hint="Mend it there.",
            ) from None
    if not pairs:
        raise HswarmError(f"{path} holds no training data.", hint="Check `data` of the pool.")
    return pairs
