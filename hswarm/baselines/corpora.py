"""What experts were trained on, for the methods that train on it or look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

from hswarm.errors import HswarmError
from hswarm.experts.corpus import Pair, read_corpus


def read_corpora(
    method: str, experts: Sequence[str], data: Mapping[str, str]
) -> list[Iterator[Pair]]:
    """Return what each of `experts` was trained on, endlessly; `data` says where that is.

    Of a conversation the first exchange.

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
    return [
        cycle([conversation[0] for conversation in read_corpus(data[name])]) for name in experts
    ]
