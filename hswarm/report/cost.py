"""What a run cost."""

from __future__ import annotations

from hswarm.report.evidence import Evidence
from hswarm.report.section import Cell, Section, Table

_COUNTS = ("answered", "generated", "prompt_tokens", "generated_tokens")


def cost(evidence: Evidence) -> Section:
    """Return requests, tokens, time and dollars: of the search, in all, by agent and by node."""
    result = evidence.run.result
    rows: list[tuple[Cell, ...]] = [
        (name, *(getattr(usage, count) for count in _COUNTS), usage.dollars)
        for name, usage in (("search", result.search), ("with the comparisons", result.total))
    ]
    saved = 1 - result.search.generated / result.search.answered if result.search.answered else 0.0
    headings = ("", "requests", "generated", "prompt tokens", "generated tokens", "dollars")
    tables = [Table("cost", headings, rows)]
    for what in ("agents", "nodes"):
        accounts = evidence.accounts.get(what, {})
        entries = [
            (name, *(account[count] for count in _COUNTS), account["picodollars"] / 1e12)
            for name, account in accounts.items()
        ]
        if entries:
            table_headings = (what.removesuffix("s"), *headings[1:])
            tables.append(Table(f"cost-by-{what.removesuffix('s')}", table_headings, entries))
    return Section(
        "cost",
        "What it cost",
        [
            f"The search asked {result.search.answered:,} times; {saved:.0%} of that was known "
            "already and not generated again."
        ],
        tables=tables,
    )
