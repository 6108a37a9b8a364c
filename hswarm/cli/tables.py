"""Small tables without lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table


def plain_table(headings: Sequence[str], *, right: Sequence[str] = (), gap: int = 2) -> Table:
    """Return an empty table; the last column wraps, those named in `right` are flush right."""
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading != headings[-1],
            overflow="fold",
        )
    return table


def fact_table(facts: Mapping[str, str]) -> Table:
    """Return names and values, one pair a row; empty values are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(name, value)
    return table
