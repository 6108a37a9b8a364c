"""What the static merges have in common: the best few experts of each family become one.

What is merged is each expert's change ΔW = s·B·A; the formulas are in `hswarm.experts.merge`. Of
several numbers of experts the merge that is best on dev is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hswarm.baselines.trials import Trials, ranked
from hswarm.errors import HswarmError
from hswarm.experts.blend import write_adapter
from hswarm.experts.change import Change, change_of, state_dict
from hswarm.experts.family import Family

Merge = Callable[[Sequence[Change]], Change]


async def enter_merges(trials: Trials, method: str, sizes: Sequence[int], merge: Merge) -> None:
    """Enter the best experts of each family, merged, as many at a time as `sizes` says."""
    families = [experts for experts in trials.families() if len(experts) >= sizes[0]]
    if not families:
        raise HswarmError(
            f"{method} merges {sizes[0]} experts at least, and no family of the pool has so many.",
            hint="Take a pool with more experts on one base.",
        )
    shop = trials.open_shop()
    utilities = await trials.measure_singles(and_then=1)
    for experts in families:
        best = ranked(experts, utilities)
        family = shop.family_of(trials.roster, best[0])
        changes = [
            change_of(family, shop.stack(family), experts.index(k)) for k in best[: max(sizes)]
        ]
        for size in (size for size in sizes if size <= len(best)):
            write = partial(_write, family, merge, changes[:size])
            await trials.enter_made(trials.made_name(method, best[0], size), best[0], write)


def _write(family: Family, merge: Merge, changes: Sequence[Change], folder: Path) -> None:
    tensors, rank = state_dict(merge(changes))
    write_adapter(family, tensors, folder, rank=rank)
