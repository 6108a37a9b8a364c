"""The ranks of adapters that vLLM makes room for."""

from __future__ import annotations

from typing import Final

from hswarm.errors import HswarmError

_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)


def round_rank(rank: int) -> int:
    """Return the least rank that vLLM takes as its maximum and that fits; HswarmError if none."""
    for allowed in _RANKS:
        if rank <= allowed:
            return allowed
    raise HswarmError(
        f"vLLM takes adapters up to rank {_RANKS[-1]}; these have rank {rank}.",
        hint="The engine transformers takes them.",
    )
