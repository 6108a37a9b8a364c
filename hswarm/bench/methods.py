"""The methods of a bench that do not search: what each chooses on dev."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hswarm.baselines.best_single import best_single
from hswarm.baselines.static_role import best_of_shape
from hswarm.search.found import Found
from hswarm.search.setting import Setting

Choose = Callable[[Setting, int], Awaitable[Found]]
"""Given the setting and how many random orders to try."""


async def _best_single(setting: Setting, permutations: int) -> Found:
    return await best_single(setting)


async def _chain(setting: Setting, permutations: int) -> Found:
    return await best_of_shape(setting, "chain", permutations)


async def _star(setting: Setting, permutations: int) -> Found:
    return await best_of_shape(setting, "star", permutations)


BASELINES: Final[Mapping[str, Choose]] = {
    "best-single": _best_single,
    "chain": _chain,
    "star": _star,
}
"""Method -> how its system is chosen."""
