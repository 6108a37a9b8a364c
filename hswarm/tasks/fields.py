"""Which column of somebody's table is what: rows of any shape become items of the one format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from string import ascii_uppercase
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from hswarm.errors import HswarmError

Item = dict[str, object]

_MISSING: Final = object()


class Fields(BaseModel):
    """The columns of a row; "a.b" is the key b of the mapping in column a.

    `choices` is a column with a list or a mapping of texts, or one column per choice. `answer_is`
    says what stands in the answer's column: the `text` itself, the `label` of a choice, its place
    (`index` from 0, `number` from 1), or `flags` of which the first that is set marks the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = "question"
    choices: str | tuple[str, ...] | None = None
    answer: str | None = None
    answer_is: Literal["text", "label", "index", "number", "flags"] = "text"
    answer_after: str = ""
    """What precedes the answer in its text, such as "####"; what comes before it is dropped."""
    shuffle: bool = False
    """Whether the choices come in an order of our own (where the first is always right)."""
    id: str | None = None
    domain: str | None = None
    context: str | None = None
    """A long text, or a list of texts, that is dealt over the nodes."""
    chunks: int = Field(default=10, ge=1)
    """Into how many chunks a long text is cut (ten, as in the paper)."""


def to_items(rows: Iterable[Mapping[str, Any]], fields: Fields, source: str) -> list[Item]:
    """Return rows as items of the authors' format; HswarmError names the row that does not fit."""
    return [_to_item(row, fields, f"{source}: row {k}") for k, row in enumerate(rows, start=1)]


def split_context(text: str, chunks: int) -> list[str]:
    """Cut a text into `chunks` parts of about as many words each; fewer if there are no more."""
    words = text.split(" ")
    count = min(chunks, len(words))
    bounds = [len(words) * k // count for k in range(count + 1)]
    return [" ".join(words[a:b]) for a, b in pairwise(bounds)]


def _to_item(row: Mapping[str, Any], fields: Fields, where: str) -> Item:
    question = _column(row, fields.question, where)
    item: Item = {"question": str(question)}
    texts, labels = _choices(row, fields, where)
    answer = _answer(row, fields, labels, where)
    if labels:
        if fields.shuffle:
            texts, answer = _shuffled(texts, labels, answer, str(question))
        item["choices"] = dict(zip(labels, texts, strict=True))
    if answer is not None:
        item["answer"] = answer
    for name in ("id", "domain"):
        column = getattr(fields, name)
        if column is not None:
            item[name] = str(_column(row, column, where))
    if fields.context is not None:
        context = _column(row, fields.context, where)
        whole = isinstance(context, str)
        item["context_chunks"] = split_context(context, fields.chunks) if whole else list(context)
    return item


def _column(row: Mapping[str, Any], name: str, where: str) -> Any:
    value: Any = row.get(name, _MISSING)
    if value is _MISSING and "." in name:
        first, _, rest = name.partition(".")
        inner = row.get(first)
        if isinstance(inner, Mapping):
            return _column(inner, rest, where)
    if value is _MISSING:
        there = ", ".join(str(key) for key in row) or "none"
        raise HswarmError(f"{where}: there is no column {name!r}.", hint=f"Columns there: {there}.")
    return value


def _choices(
    row: Mapping[str, Any], fields: Fields, where: str
) -> tuple[list[str], tuple[str, ...]]:
    if fields.choices is None:
        return [], ()
    if isinstance(fields.choices, tuple):
        texts: Any = [_column(row, name, where) for name in fields.choices]
    else:
        texts = _column(row, fields.choices, where)
    if isinstance(texts, Mapping):
        return [str(text) for text in texts.values()], tuple(str(label) for label in texts)
    if isinstance(texts, str) or not isinstance(texts, Sequence) or len(texts) > 26:
        raise HswarmError(
            f"{where}: the choices are no list or mapping of at most 26 texts.",
            hint="Name a column that holds them, or one column per choice.",
        )
    return [str(text) for text in texts], tuple(ascii_uppercase[: len(texts)])


def _answer(
    row: Mapping[str, Any], fields: Fields, labels: tuple[str, ...], where: str
) -> str | None:
    if fields.answer is None:
        return None
    value = _column(row, fields.answer, where)
    if fields.answer_is in ("text", "label"):
        text = str(value)
        return text.rpartition(fields.answer_after)[2].strip() if fields.answer_after else text
    try:
        if fields.answer_is == "flags":
            return labels[[bool(flag) for flag in value].index(True)]
        place = int(value) - (fields.answer_is == "number")
        return labels[place] if place >= 0 else labels[len(labels)]
    except (ValueError, TypeError, IndexError):
        raise HswarmError(
            f"{where}: the answer {value!r} marks none of the {len(labels)} choices.",
            hint="Say by answer_is what it is: text, label, index, number or flags.",
        ) from None


def _shuffled(
    texts: list[str], labels: tuple[str, ...], answer: str | None, question: str
) -> tuple[list[str], str | None]:
    """Order the choices by a hash of question and text: the same everywhere, right at no place."""

    def rank(place: int) -> bytes:
        return hashlib.sha256(f"{question}\n{texts[place]}".encode()).digest()

    order = sorted(range(len(texts)), key=rank)
    moved = labels[order.index(labels.index(answer))] if answer in labels else answer
    return [texts[place] for place in order], moved
