"""Sections as one page of HTML that needs nothing else: no script, no address, figures inside."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from hswarm.figures.look import Picture
from hswarm.report.numerals import show_number
from hswarm.report.section import Cell, Section, Table

_ROWS = 60
"""Rows of a table that are printed; the CSV file has all of them."""


def write_page(
    title: str,
    subtitle: Sequence[str],
    sections: Sequence[Section],
    pictures: Mapping[str, Picture],
) -> str:
    """Return the page; `pictures` are the sections' figures by name.

    Whatever it quotes is shown as text: nothing in it can be run, and it fetches nothing.
    """
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    links = "".join(f'<li><a href="#{escape(s.name)}">{escape(s.title)}</a></li>' for s in sections)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
    )
    parts = [
        head,
        f"<header>\n<h1>{escape(title)}</h1>\n",
        *(f"<p>{escape(text)}</p>\n" for text in subtitle),
        f'</header>\n<nav aria-label="Sections"><ol>{links}</ol></nav>\n<main>\n',
        *(part for section in sections for part in _section(section, pictures)),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _section(section: Section, pictures: Mapping[str, Picture]) -> Iterator[str]:
    yield f'<section id="{escape(section.name)}">\n<h2>{escape(section.title)}</h2>\n'
    for text in section.texts:
        yield f"<p>{escape(text)}</p>\n"
    for shown in section.figures:
        data = base64.b64encode(pictures[shown.name].svg).decode("ascii")
        caption = escape(shown.caption)
        yield (
            f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{caption}">'
            f"<figcaption>{caption}</figcaption></figure>\n"
        )
    for table in section.tables:
        if table.shown and table.rows:
            yield _table(table)
    if section.commands:
        commands = "\n".join(map(escape, section.commands))
        yield f"<p>To have it:</p>\n<pre>{commands}</pre>\n"
    yield "</section>\n"


def _table(table: Table) -> str:
    heading = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in table.rows[:_ROWS])
    rest = len(table.rows) - _ROWS
    more = f"<p>And {rest:,} more rows in {escape(table.name)}.csv.</p>\n" if rest > 0 else ""
    return (
        f'<div class="wide"><table>\n<thead><tr>{heading}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n{more}"
    )


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="number">{escape(show_number(value))}</td>'
