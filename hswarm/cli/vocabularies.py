"""What the experts of a pool can be mixed over, as `hswarm show tokens` prints it."""

from __future__ import annotations

from shlex import quote
from typing import Final

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.cli.console import open_console, print_next
from hswarm.cli.tables import plain_table

_SHOWN: Final = 10


def print_tokens(name: str, *, everything: bool) -> None:
    """Print how many tokens the bases of a pool share, and others of each; HswarmError if none."""
    pool = read_pool(find("agents", name)).model_copy(update={"mix": "tokens"})
    from hswarm.experts.vocabulary import cover

    (mixture,) = pool.open().mixtures
    table = plain_table(
        ["family", "experts", "tokens", "shared", "not shared", "such as"],
        right=["tokens", "shared", "not shared"],
    )
    covered = cover(mixture)
    for family, own in zip(mixture.families, covered, strict=True):
        table.add_row(
            own.family,
            ", ".join(family.names),
            f"{own.tokens:,}",
            f"{own.shared:,}",
            f"{len(own.missing):,}",
            " ".join(map(repr, own.missing[:_SHOWN])),
        )
    console = open_console()
    console.print(table)
    for own in covered if everything else ():
        if own.missing:
            console.print(f"\nOf {own.family}'s tokens not shared:", soft_wrap=True, markup=False)
            console.print("\n".join(map(repr, own.missing)), soft_wrap=True, markup=False)
    print_next(console, [f"hswarm optimize --task gsm8k --pool {quote(name)} --mix tokens"])
