"""The table of a bench as Markdown, CSV and JSON, and as a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from hswarm.analysis.table import Entry, Grid
from hswarm.bench.picture import draw_grid
from hswarm.store import values
from hswarm.store.disk import replace_file

MARKDOWN: Final = "table.md"
CSV: Final = "table.csv"
JSON: Final = "table.json"
PICTURE: Final = "table.svg"

_COLUMNS: Final = (
    *("task", "data", "metric", "method", "seeds", "mean", "low", "high", "rank", "stars"),
    *("p_holm", "dev", "evaluations", "generated_tokens", "unscored", "failed"),
)

EXPLAINED: Final = (
    "Mean on test over seeds ± half of its 95 % interval (bootstrap over items and seeds); best in "
    "bold, second underlined. Stars: the papers' z-test of the best against the second, *** p < "
    "0.01, ** p < 0.05, * p < 0.1."
)
_SIGNIFICANT: Final = (
    "p: that the best method of the task is no better than this one; paired bootstrap, corrected "
    "by Holm over the table."
)

_COST: Final = (
    "Cost: systems run on all dev items / tokens generated, the test included; means over seeds."
)


def write_report(folder: Path, grid: Grid) -> None:
    """Write table.md, table.csv, table.json and table.svg into `folder`."""
    replace_file(folder / MARKDOWN, markdown(grid).encode())
    replace_file(folder / CSV, as_csv(grid).encode())
    replace_file(folder / JSON, values.dumps(as_json(grid), indent=1).encode() + b"\n")
    replace_file(folder / PICTURE, draw_grid(grid).encode())


def markdown(grid: Grid) -> str:
    """Return the table of means, that of p-values, and what failed."""
    heads = [f"{grid.titles.get(t, t)}, {grid.metrics.get(t, '–')}" for t in grid.tasks]
    lines = [_line(["method", *heads]), _line(["---"] * (1 + len(heads)))]
    for method in grid.methods:
        lines.append(_line([method, *(show(grid.entries[t, method]) for t in grid.tasks)]))
    lines += ["", EXPLAINED]
    if any(entry.p_value is not None for entry in grid.entries.values()):
        lines += ["", _line(["p", *heads]), _line(["---"] * (1 + len(heads)))]
        for method in grid.methods:
            shown = [show_significance(grid.entries[t, method]) for t in grid.tasks]
            lines.append(_line([method, *shown]))
        lines += ["", _SIGNIFICANT]
    lines += ["", _line(["cost", *heads]), _line(["---"] * (1 + len(heads)))]
    for method in grid.methods:
        lines.append(_line([method, *(show_cost(grid.entries[t, method]) for t in grid.tasks)]))
    lines += ["", _COST]
    failed = failures(grid)
    if failed:
        lines += ["", "Failed:", "", *(f"- {line}" for line in failed)]
    return "\n".join(lines) + "\n"


def show(entry: Entry) -> str:
    """Return an entry as it stands in the table."""
    if entry.mean is None or entry.interval is None:
        return "failed" if entry.failed else "–"
    half = (entry.interval.high - entry.interval.low) / 2
    number = f"{entry.mean:.3f}"
    if entry.rank == 1:
        number = f"**{number}**"
    elif entry.rank == 2:
        number = f"<u>{number}</u>"
    failed = f" ({len(entry.failed)} failed)" if entry.failed else ""
    return f"{number} ± {half:.3f}{entry.stars.replace('*', chr(92) + '*')}{failed}"


def show_significance(entry: Entry) -> str:
    """Return the corrected p-value of the task's best against this one; "best" for itself."""
    if entry.p_value is None:
        return "best" if entry.rank == 1 else "–"
    return "<0.001" if entry.p_value < 0.001 else f"{entry.p_value:.3f}"


def show_cost(entry: Entry) -> str:
    """Return what an entry cost: evaluations / generated tokens, means over seeds."""
    if entry.evaluations is None or entry.generated_tokens is None:
        return "–"
    return f"{entry.evaluations:,.0f} / {entry.generated_tokens:,.0f}"


def failures(grid: Grid) -> list[str]:
    """Return what failed and why, a line for all cells of a task that failed alike."""
    methods: dict[tuple[str, tuple[int, ...], str], list[str]] = {}
    for entry in grid.entries.values():
        reasons = entry.failed or {}
        for why in dict.fromkeys(reasons.values()):
            seeds = tuple(seed for seed, reason in reasons.items() if reason == why)
            methods.setdefault((entry.task, seeds, why), []).append(entry.method)
    return [
        f"{task} · {', '.join(names)} · seed{'s' * (len(seeds) > 1)} "
        f"{', '.join(map(str, seeds))}: {' '.join(why.split())}"
        for (task, seeds, why), names in methods.items()
    ]


def as_csv(grid: Grid) -> str:
    """Return one line per task and method."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(grid, entry) for entry in grid.entries.values())
    return text.getvalue()


def as_json(grid: Grid) -> dict[str, Any]:
    """Return everything that the table knows."""
    return {
        "tasks": list(grid.tasks),
        "methods": list(grid.methods),
        "seeds": grid.seeds,
        "entries": [
            {
                "data": grid.titles.get(entry.task),
                "metric": grid.metrics.get(entry.task),
                **asdict(entry),
                "failed": {str(seed): why for seed, why in (entry.failed or {}).items()},
            }
            for entry in grid.entries.values()
        ],
    }


def _flat(grid: Grid, entry: Entry) -> dict[str, Any]:
    return {
        "task": entry.task,
        "data": grid.titles.get(entry.task, ""),
        "metric": grid.metrics.get(entry.task, ""),
        "method": entry.method,
        "seeds": len(entry.seeds),
        "mean": entry.mean,
        "low": entry.interval.low if entry.interval else None,
        "high": entry.interval.high if entry.interval else None,
        "rank": entry.rank,
        "stars": entry.stars,
        "p_holm": entry.p_value,
        "dev": entry.dev,
        "evaluations": entry.evaluations,
        "generated_tokens": entry.generated_tokens,
        "unscored": entry.unscored,
        "failed": "; ".join(f"seed {seed}: {why}" for seed, why in (entry.failed or {}).items()),
    }


def _line(parts: Iterable[str]) -> str:
    return f"| {' | '.join(part.replace('|', chr(92) + '|') for part in parts)} |"
