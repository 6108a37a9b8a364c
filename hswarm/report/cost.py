"""What a run cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from typing import Any

from hswarm.report.evidence import Evidence
from hswarm.report.section import Cell, Section, Table

Accounts = Mapping[str, Mapping[str, Any]]

_COUNTS = ("answered", "generated", "prompt_tokens", "generated_tokens")


def cost(evidence: Evidence) -> Section:
    """Return requests, tokens, time and dollars: of the search, in all, by agent and by node."""
    run = evidence.run
    result = run.result
    rows: list[tuple[Cell, ...]] = [
        (name, *(getattr(usage, count) for count in _COUNTS), usage.dollars)
        for name, usage in (("search", result.search), ("with the comparisons", result.total))
    ]
    saved = 1 - result.search.generated / result.search.answered if result.search.answered else 0.0
    headings = ("", "requests", "generated", "prompt tokens", "generated tokens", "dollars")
    tables = [Table("cost", headings, rows)]
    for what in ("agents", "nodes"):
        accounts = evidence.accounts.get(what, {})
        if what == "agents" and not run.searched:
            found = {node.agent for node in result.found.nodes}
            accounts = _fold(accounts, {*run.roster.names, *found})
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


def _fold(accounts: Accounts, known: Container[str]) -> Accounts:
    """Return accounts with those of experts who were made and not found as one."""
    made = [account for name, account in accounts.items() if name not in known]
    if len(made) < 2:
        return dict(accounts)
    total: Counter[str] = Counter()
    for account in made:
        total.update(account)
    folded = {name: account for name, account in accounts.items() if name in known}
    return {**folded, f"{len(made)} others, made in the run": dict(total)}
