"""`hswarm compare`: runs side by side, and what they say together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from hswarm.analysis.roles import LABELS, role_shares
from hswarm.analysis.statistics import compare, holm
from hswarm.aside import aside
from hswarm.errors import HswarmError
from hswarm.figures.roles import draw_roles
from hswarm.figures.starts import draw_start_ranks
from hswarm.figures.systems import Bar, draw_systems
from hswarm.report.compared import Compared, grouped, open_compared
from hswarm.report.course import winner
from hswarm.report.evidence import label_found
from hswarm.report.recall import Recalled, recall, remembering
from hswarm.report.section import Cell, Section, Shown, Table
from hswarm.report.studies import studies
from hswarm.report.write import write_sections

PAGE: Final = "comparison.html"

_SHOWN: Final = ("task", "pool", "search.method", "search.seed")
"""Settings that have a column of their own."""


def compare_runs(folders: Sequence[Path]) -> list[Section]:
    """Return what finished runs say side by side; the first is what the others are tested against.

    HswarmError for fewer than two, or where one is not finished or its models are not to be had.
    """
    if len(folders) < 2:
        raise HswarmError("One run is no comparison.", hint="Name two or more runs.")
    runs = open_compared(folders)
    sections = [side_by_side(runs), tested(runs), seeds(runs), *studies(runs), roles_by_task(runs)]
    return [section for section in sections if section is not None]


def write_comparison(folders: Sequence[Path], out: Path) -> Path:
    """Write comparison.html into the folder `out`, its figures and numbers beside it."""
    sections = compare_runs(folders)
    names = ", ".join(folder.resolve().name for folder in folders)
    return write_sections(out, PAGE, "Runs compared", [names], sections)


def side_by_side(runs: Sequence[Compared]) -> Section:
    """Return the utilities and costs of all runs, and the settings in which they differ."""
    keys = [k for k in runs[0].settings if not k.endswith("shapes")]
    columns = [key for key in keys if key not in _SHOWN]
    rows = []
    for compared in runs:
        result = compared.run.result
        found, single = (
            result.found,
            next((r.test.utility for r in result.compared if r.name == "best single"), None),
        )
        rows.append(
            (
                compared.name, result.task, result.pool, result.method, result.seed,
                found.dev.utility, found.test.utility, *(found.test.interval or (None, None)),
                single, result.search.generated_tokens,
                *(str(compared.settings[key]) for key in columns),
            )
        )  # fmt: skip
    bars = [
        Bar(c.name, c.run.result.found.test.utility, c.run.result.found.test.interval)
        for c in runs
        if c.run.result.found.test.utility is not None
    ]
    headings = (
        "run", "task", "pool", "method", "seed", "dev", "test", "95% low", "95% high",
        "best single on test", "tokens of the search", *columns,
    )  # fmt: skip
    caption = "Utility of the found systems on test, with 95 % confidence intervals."
    return Section(
        "side-by-side",
        "Side by side",
        [f"They differ in: {', '.join(keys) or 'nothing but chance'}."],
        [Shown("runs", draw_systems(bars, "utility on test"), caption)] if bars else [],
        [Table("runs", headings, rows)],
    )


def tested(runs: Sequence[Compared]) -> Section | None:
    """Return tests of the first run against each other one on the same test items."""
    first = runs[0]
    others = [r for r in runs[1:] if r.run.task.fingerprint == first.run.task.fingerprint]
    if not others:
        return None
    scores = {run.name: _on_test(run) for run in (first, *others)}
    against = [compare(scores[first.name].scores, scores[run.name].scores) for run in others]
    corrected = holm([comparison.p_value for comparison in against])
    rows = [
        (run.name, c.items, c.difference, c.test, c.p_value, p)
        for run, c, p in zip(others, against, corrected, strict=True)
    ]
    return Section(
        "tests",
        f"{first.name} against the others",
        ["p: one-sided, that it is no better, on the same test items; corrected by Holm's rule."],
        tables=[Table("tests", ("run", "items", "difference", "test", "p", "p (Holm)"), rows)],
    )


def seeds(runs: Sequence[Compared]) -> Section | None:
    """Return the spread over seeds, and at which rank the winners began."""
    rows = []
    for group in grouped(runs, "search.seed"):
        values = [run.utility for run in group]
        names = " ".join(run.name for run in group)
        rows.append((names, len(group), fmean(values), min(values), max(values)))
    ranks = [rank for run in runs if (rank := winner(run.run)) is not None]
    if not rows:
        return None
    figures = []
    if len(ranks) > 1:
        caption = "How often the particle that ended best began at each rank."
        figures.append(Shown("start-ranks", draw_start_ranks(ranks), caption))
    bottom = sum(rank.in_bottom_half for rank in ranks)
    said = f"{bottom} of {len(ranks)} winners began in the worse half." if ranks else ""
    return Section(
        "seeds",
        "Seeds, and diamonds in the rough",
        ["Runs that differ in their seed alone.", said],
        figures,
        [Table("seeds", ("runs", "seeds", "mean on test", "least", "greatest"), rows)],
    )


def roles_by_task(runs: Sequence[Compared]) -> Section | None:
    """Return the roles in the found systems by task, labelled by local rules."""
    if len({run.run.result.task for run in runs}) < 2:
        return None
    labels = [
        (run.run.result.task, output.label) for run in runs for output in label_found(run.run)
    ]
    shares = role_shares(labels)
    rows: list[tuple[Cell, ...]] = [
        (task, *(share[label] for label in LABELS)) for task, share in shares.items()
    ]
    return Section(
        "roles",
        "Roles by task",
        ["Labelled by local rules, which see whether an output says something new."],
        [Shown("roles-by-task", draw_roles(shares, "task"), "Roles in the found systems.")],
        [Table("roles-by-task", ("task", *LABELS), rows)],
    )


def _on_test(compared: Compared) -> Recalled:
    async def recalled() -> Recalled:
        run = compared.run
        async with remembering(run, ask=False) as engine:
            return (await recall({"": run.found()}, run.task.test, run.task, engine))[""]

    return aside(lambda: asyncio.run(recalled()))
