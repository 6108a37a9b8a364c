"""Static merges of the best few experts: slerp, DARE with TIES, model stock.

As Model Swarms (Feng et al., 2024, appendix) compares with them: of the experts that do best alone
on dev, slerp takes two, DARE-TIES two to five, model stock three to five, and of several numbers
the best on dev is the result. The formulas are in `hswarm.experts.merge`.

Searched: how many experts. Evaluations: as many as there are agents, to rank them, and one (slerp),
four (DARE-TIES) or three (model stock) of each family's merges. Departure: what is merged is each
expert's change ΔW = s·B·A, not whole weights, between which the angle is next to nothing, so that
slerp of them is their mean; and the outcome of DARE-TIES is cut to the sum of the experts' ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from hswarm.baselines.trials import Trials, ranked
from hswarm.errors import HswarmError
from hswarm.experts.blend import write_adapter
from hswarm.experts.change import Change, change_of, state_dict
from hswarm.experts.family import Family
from hswarm.experts.merge import dare_ties, model_stock, slerp

DENSITY: Final = 0.5
"""The share of entries that DARE keeps: nothing said, the middle of what its paper tries."""

Merge = Callable[[Sequence[Change]], Change]


async def merge_slerp(trials: Trials) -> None:
    """Enter the best two experts, half-way along the arc between them."""
    await _enter_merges(trials, "slerp", (2,), lambda changes: slerp(changes[0], changes[1]))


async def merge_dare_ties(trials: Trials) -> None:
    """Enter the best two to five experts, merged by DARE and TIES."""

    def merge(changes: Sequence[Change]) -> Change:
        rank = sum(next(iter(change.values())).down.shape[0] for change in changes)
        return dare_ties(changes, density=DENSITY, seed=trials.seed, rank=rank)

    await _enter_merges(trials, "dare-ties", (2, 3, 4, 5), merge)


async def merge_model_stock(trials: Trials) -> None:
    """Enter the best three to five experts, merged by their geometry."""
    await _enter_merges(trials, "model-stock", (3, 4, 5), model_stock)


async def _enter_merges(trials: Trials, method: str, sizes: Sequence[int], merge: Merge) -> None:
    """Enter the best experts of each family, merged, as many at a time as `sizes` says."""
    families = [experts for experts in trials.families() if len(experts) >= sizes[0]]
    if not families:
        raise HswarmError(
            f"{method} merges {sizes[0]} experts at least, and no family of the pool has so many.",
            hint="Take a pool with more experts on one base.",
        )
    shop = trials.shop()
    utilities = await trials.measure_singles()
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
