"""What a report is made of: sections with text, figures and tables of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers with names. Every one becomes a CSV file, called `name`."""

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    shown: bool = True
    """Whether it is printed in the report, too; those behind a figure need not be."""

    def csv(self) -> str:
        """Return the table as CSV; numbers with all their digits, nothing for what is not known."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows(self.rows)
        return text.getvalue()


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure, called `name` as a file, and what it shows, for those who see it and who do not."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report. Texts are plain: they are escaped when they are written."""

    name: str
    """For links."""
    title: str
    texts: Sequence[str] = ()
    figures: Sequence[Shown] = ()
    tables: Sequence[Table] = ()
    commands: Sequence[str] = field(default=())
    """To type, where more is to be had."""
