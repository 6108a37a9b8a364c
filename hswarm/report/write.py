"""`hswarm report`: one page, its figures as PNG and SVG, and every number as CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hswarm.aside import aside
from hswarm.catalog import unknown
from hswarm.errors import HswarmError
from hswarm.figures.look import write_picture
from hswarm.report.collaboration import emergence, gain
from hswarm.report.composing import composition, graph, roles
from hswarm.report.cost import cost
from hswarm.report.course import course, starts, trajectories
from hswarm.report.evidence import Evidence, gather
from hswarm.report.further import further
from hswarm.report.numerals import show_count
from hswarm.report.opened import OpenedRun, open_run
from hswarm.report.outcome import outcome
from hswarm.report.page import write_page
from hswarm.report.section import Section
from hswarm.report.wording import wording
from hswarm.store.disk import explained, replace_file

PAGE: Final = "report.html"
PARTS: Final = "report"
"""The folder beside the page: its figures and numbers."""


def write_report(
    folder: str | Path,
    *,
    out: str | Path | None = None,
    ask: bool = False,
    judge: str | None = None,
    coordinates: tuple[str, str] | None = None,
) -> Path:
    """Write the report of the finished run in `folder`; return the page.

    `out` is where to, by default the run's folder: report.html, and in report/ every figure as PNG
    and SVG and every number as CSV. With `ask` the models are loaded and answer what they were not
    asked in the run. `judge`, a remote model of the pool or a YAML file of one, labels roles and
    paraphrases; without one, local rules do. `coordinates` are two experts to draw trajectories by.
    Raises HswarmError for anything the user can mend.
    """
    run = open_run(Path(folder))
    if coordinates is not None:
        _check_coordinates(run, coordinates)
    evidence = aside(lambda: asyncio.run(gather(run, ask=ask, judge=judge)))
    title, subtitle = _title(run)
    place = Path(out) if out is not None else Path(folder)
    return write_sections(place, PAGE, title, subtitle, _sections(evidence, coordinates))


def write_sections(
    place: Path, page: str, title: str, subtitle: Sequence[str], sections: Sequence[Section]
) -> Path:
    """Write a page of sections into the folder `place`, and its figures and numbers beside it."""
    parts = place / Path(page).stem
    with explained(parts):
        parts.mkdir(parents=True, exist_ok=True)
    pictures = {
        shown.name: write_picture(shown.figure) for section in sections for shown in section.figures
    }
    for name, picture in pictures.items():
        replace_file(parts / f"{name}.svg", picture.svg)
        replace_file(parts / f"{name}.png", picture.png)
    for table in (table for section in sections for table in section.tables):
        replace_file(parts / f"{table.name}.csv", table.csv().encode())
    html = write_page(title, subtitle, sections, pictures)
    replace_file(place / page, html.encode())
    return place / page


def _check_coordinates(run: OpenedRun, coordinates: tuple[str, str]) -> None:
    """Raise HswarmError unless both are experts of one family: other weights have other axes."""
    families = [family.names for family in run.roster.families]
    known = [name for names in families for name in names]
    for name in coordinates:
        if name not in known:
            raise unknown("expert in the pool", name, known)
    if not any(set(coordinates) <= set(names) for names in families):
        raise HswarmError(
            f"{' and '.join(coordinates)} are of two families: nothing moves between them.",
            hint="Name two experts on the same base.",
        )


def _sections(evidence: Evidence, coordinates: tuple[str, str] | None) -> list[Section]:
    sections = [
        outcome(evidence),
        graph(evidence),
        roles(evidence),
        composition(evidence),
        gain(evidence),
        emergence(evidence),
        course(evidence),
        starts(evidence),
        *trajectories(evidence, coordinates),
        wording(evidence),
        cost(evidence),
        further(evidence),
    ]
    return [section for section in sections if section is not None]


def _title(run: OpenedRun) -> tuple[str, list[str]]:
    result, record = run.result, run.record
    when = f" on {record.started:%Y-%m-%d}" if record.started else ""
    versions = ", ".join(f"{k} {v}" for k, v in record.provenance.get("versions", {}).items())
    iterations = f", {show_count(result.iterations, 'iteration')}" if run.searched else ""
    return f"{result.task} with {result.pool}", [
        f"{result.method}, seed {result.seed}{iterations}; run {record.name}{when}.",
        f"Made with {versions}." if versions else "",
    ]
