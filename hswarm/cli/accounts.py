"""Who asked how often, and what that took, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hswarm.cli.numerals import show_dollars, show_duration
from hswarm.cli.tables import plain_table
from hswarm.engines.usage import Waited

_HEADINGS: Final = ("asked", "from memo", "prompt tokens", "generated", "waited", "cost")


def draw_accounts(accounts: Mapping[str, Any]) -> RenderableType:
    """Return a run's accounts, as `Usage.report` has them, by agent and by node."""
    agents = {name: Waited.read(entry) for name, entry in accounts["agents"].items()}
    if "seconds" in accounts:
        agents["in all"] = Waited.read(accounts)
    by_node = sorted(accounts["nodes"].items(), key=lambda item: int(item[0]))
    nodes = {node: Waited.read(entry) for node, entry in by_node}
    paid = accounts.get("paid")
    return Group(
        Text("\nWhat it took, the comparisons included:\n"),
        _table("agent", agents),
        Text(),
        _table("node", nodes),
        *([Text(f"\nPaid in all, judges included: {show_dollars(paid)}")] if paid else []),
    )


def _table(what: str, accounts: Mapping[str, Waited]) -> Table:
    table = plain_table([what, *_HEADINGS], right=_HEADINGS)
    for name, account in accounts.items():
        table.add_row(
            name,
            f"{account.answered:,}",
            f"{account.saved:,}",
            f"{account.prompt_tokens:,}",
            f"{account.generated_tokens:,}",
            show_duration(account.seconds),
            show_dollars(account.dollars) if account.picodollars else "",
        )
    return table
