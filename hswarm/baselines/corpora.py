"""What experts were trained on, for the methods that train on it or look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

from hswarm.catalog import unknown
from hswarm.errors import HswarmError
from hswarm.swarm.random import generator
from hswarm.tiny.corpus import exchanges
from hswarm.tiny.skills import SKILLS

Pair = tuple[str, str]
"""A prompt and the response to it."""

_TINY: Final = "tiny:"
_FOCUS: Final = 0.7
"""The share of exchanges that take the skill, as when the tiny experts are trained."""


def read_corpora(
    method: str, experts: Sequence[str], data: Mapping[str, str], seed: int
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
    return [_read(data[name], seed) for name in experts]


def _read(source: str, seed: int) -> Iterator[Pair]:
    if not source.startswith(_TINY):
        return cycle(_read_file(Path(source)))
    skill = source.removeprefix(_TINY)
    if skill not in SKILLS:
        raise unknown("skill of the tiny pool", skill, SKILLS)
    return _exchanges(skill, seed)


def _exchanges(skill: str, seed: int) -> Iterator[Pair]:
    for exchange in exchanges(SKILLS[skill], generator(seed, f"data {skill}"), focus=_FOCUS):
        yield exchange.prompt, exchange.response


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
