"""Reads rows of a file: JSON, JSON lines, or CSV with a line of column names."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hswarm.errors import HswarmError

Rows = list[dict[str, Any]]


def read_text(path: Path) -> str:
    """Return a file's text; HswarmError if it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HswarmError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the path and its permissions."
        ) from None
    except UnicodeDecodeError:
        raise HswarmError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None


def parse_json(text: str, source: str) -> Any:
    """Return parsed JSON; HswarmError with the line of what is no JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise HswarmError(
            f"{source}: line {error.lineno}: {error.msg}.",
            hint="It is not valid JSON; mend it there.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise HswarmError(f"{source}: {error}.", hint="It is not valid JSON.") from None


def read_content(path: Path) -> Rows | Mapping[str, Any]:
    """Return what a data file holds: rows, or what JSON of dev and test items says.

    A .csv file is a table with column names, .jsonl is one JSON object a line, and anything else
    JSON: a list of objects, or a mapping with "dev" and "test". HswarmError for what is neither.
    """
    text = read_text(path)
    if path.suffix.lower() == ".csv":
        return _csv_rows(text, path)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        lines = [(k, line) for k, line in enumerate(text.splitlines(), start=1) if line.strip()]
        return _objects([_parse_line(line, path, k) for k, line in lines], path)
    content = parse_json(text, str(path))
    if isinstance(content, Mapping):
        return content
    return _objects(content, path)


def _parse_line(line: str, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise HswarmError(
            f"{path}: line {number}: {problem}.", hint="Every line must be one JSON object."
        ) from None


def _objects(content: Any, path: Path) -> Rows:
    if not isinstance(content, list) or not content:
        raise HswarmError(
            f"{path}: it holds no rows.", hint="It must be a list of objects, or one a line."
        )
    for number, row in enumerate(content, start=1):
        if not isinstance(row, dict):
            raise HswarmError(
                f"{path}: row {number} is no object.",
                hint='A row must have named columns, as in {"question": …, "answer": …}.',
            )
    return content


def _csv_rows(text: str, path: Path) -> Rows:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise HswarmError(
            f"{path}: line {reader.line_num}: {error}.", hint="It is not valid CSV; mend it there."
        ) from None
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise HswarmError(
                f"{path}: row {number} has not as many columns as the first line names.",
                hint="Put texts with commas into double quotes.",
            )
    return _objects(rows, path)
