"""Reports, comparisons and single items, as they are written and printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hswarm.cli.console import open_console, print_next
from hswarm.cli.numerals import MISSING, show_utility
from hswarm.cli.tables import fact_table, plain_table
from hswarm.engines.request import Completion
from hswarm.errors import HswarmError
from hswarm.graph.dag import Dag
from hswarm.report.compare import compare_runs, write_comparison
from hswarm.report.numerals import show_number
from hswarm.report.opened import open_run
from hswarm.report.recall import ItemStory, tell_item
from hswarm.report.section import Section
from hswarm.report.section import Table as Numbers
from hswarm.report.write import write_report

_COLUMNS: Final = 7
"""Of a table that fits into a terminal."""
_GAP: Final = 2
"""Between the columns of a plain table."""


def report_shown(
    run: Path, out: Path | None, *, ask: bool, judge: str | None, axes: str | None
) -> None:
    """Write a run's report and say where it is."""
    page = write_report(run, out=out, ask=ask, judge=judge, coordinates=_pair(axes))
    console = open_console()
    console.print(f"The report: {page}", soft_wrap=True)
    console.print(f"Its figures and numbers: {page.with_suffix('')}", soft_wrap=True)
    if not ask:
        print_next(console, [f"hswarm report {quote(str(run))} --ask"])


def compare_shown(runs: Sequence[Path], out: Path | None) -> None:
    """Print a comparison, and write it where wanted."""
    console = open_console()
    if out is not None:
        console.print(f"The comparison: {write_comparison(runs, out)}", soft_wrap=True)
        return
    for section in compare_runs(runs):
        console.print(_draw_section(section, console.width))
    names = " ".join(quote(str(run)) for run in runs)
    print_next(console, [f"hswarm compare {names} --out comparison"])


def print_item(run: Path, identifier: str, *, ask: bool) -> None:
    """Print one problem through the found graph, and what the single models said."""
    opened = open_run(run)
    story = tell_item(opened, identifier, ask=ask)
    console = open_console()
    for part in _draw_item(story, opened.task.title, opened.dag):
        console.print(part)
    unknown = any(recalled.known == 0 for recalled in story.singles.values())
    if unknown and not ask:
        print_next(console, [f"hswarm show item {quote(str(run))} {quote(identifier)} --ask"])


def _pair(axes: str | None) -> tuple[str, str] | None:
    if axes is None:
        return None
    first, comma, second = axes.partition(",")
    if not (comma and first.strip() and second.strip()):
        raise HswarmError(f"--axes {axes}: that is not A,B.", hint="Name two experts of the pool.")
    return first.strip(), second.strip()


def _draw_section(section: Section, width: int) -> RenderableType:
    parts: list[RenderableType] = [Text(f"\n{section.title}", style="bold")]
    parts += [Text(text) for text in section.texts if text]
    for table in section.tables:
        parts += _draw_table(table, width)
    return Group(*parts)


def _draw_table(table: Numbers, width: int) -> Iterator[RenderableType]:
    """Draw a table; one of too many columns is turned, as many rows side by side as fit."""
    rows = [[v if isinstance(v, str) else show_number(v) for v in row] for row in table.rows]
    if len(table.headings) <= _COLUMNS:
        drawn = plain_table(list(table.headings))
        for row in rows:
            drawn.add_row(*row)
        yield drawn
        return
    while rows:
        columns = [list(table.headings), rows.pop(0)]
        while rows and _width([*columns, rows[0]]) <= width:
            columns.append(rows.pop(0))
        heading, *lines = zip(*columns, strict=True)
        drawn = plain_table(list(heading))
        for line in lines:
            drawn.add_row(*line)
        yield drawn
        if rows:
            yield Text()


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Return how wide a plain table is, its gaps included."""
    return sum(max(map(cell_len, column)) + _GAP for column in columns)


def _draw_item(story: ItemStory, task: str, dag: Dag) -> Iterator[RenderableType]:
    """Draw an item's story, nodes in the order in which they speak."""
    example = story.example
    (score,) = story.found.scores
    (transcript,) = story.found.transcripts
    yield fact_table(
        {
            "item": f"{story.split}:{example.id} of {task}",
            "question": example.question,
            "its answer": " or ".join(example.answers),
            "the system says": transcript.answer if transcript is not None else MISSING,
            "score": show_utility(score),
        }
    )
    if transcript is not None:
        yield Text("\nThrough the graph\n", style="bold")
        for node in dag.order:
            turn = transcript.turns[node]
            yield Text(f"{node} {turn.agent}", style="bold")
            yield _exchange(turn.prompt, turn.completion)
    yield Text("\nThe single models\n", style="bold")
    table = plain_table(["model", "score", "answer"])
    for name, recalled in story.singles.items():
        (said,) = recalled.transcripts
        table.add_row(
            name,
            show_utility(recalled.scores[0]),
            said.answer if said is not None else "not asked",
        )
    yield table


def _exchange(prompt: str, completion: Completion) -> Table:
    cut = " (cut off)" if completion.truncated else ""
    return fact_table(
        {
            "  is given": prompt,
            "  says": f"{completion.text or '(nothing)'}{cut}",
            "  tokens": f"{completion.prompt_tokens} + {completion.generated_tokens}",
        }
    )
