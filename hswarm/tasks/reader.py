"""Reads data in the JSON format in which the authors of both papers publish theirs.

`{"dataset": …, "dev": [...], "test": [...]}`; an item has a `question` (or `prompt`) and, as the
task calls for them, `choices` {letter: text}, an `answer`, an `id`, a `domain` and
`context_chunks`. A top-level `icl_prompt` is a solved example that goes before every question. An
item of ours may have `rounds`, further questions with an answer each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from hswarm.errors import HswarmError
from hswarm.tasks.rendering import after_demonstration, question_text
from hswarm.tasks.table import parse_json, read_text
from hswarm.tasks.task import Example, Round

Examples = tuple[Example, ...]

_FORMAT = 'It must be {"dev": [...], "test": [...]}, each item with a question or prompt.'


class _Round(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    question: Annotated[str, Field(min_length=1)]
    answer: str


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    question: Annotated[
        str, Field(min_length=1, validation_alias=AliasChoices("question", "prompt"))
    ]
    choices: dict[str, str] = {}
    answer: str | None = None
    id: str | None = None
    domain: str = ""
    context_chunks: list[str] = []
    rounds: list[_Round] = []


class _File(BaseModel):
    model_config = ConfigDict(frozen=True)

    dev: Annotated[list[_Item], Field(min_length=1)]
    test: Annotated[list[_Item], Field(min_length=1)]
    icl_prompt: str = ""


def read_examples(path: Path, template: str | None = None) -> tuple[Examples, Examples]:
    """Return the dev and the test examples of a file.

    Raises HswarmError with the line of what is no JSON, or the item that is not of the format.
    """
    return parse_examples(parse_json(read_text(path), str(path)), str(path), template)


def parse_examples(
    content: object, source: str, template: str | None = None
) -> tuple[Examples, Examples]:
    """Return the dev and the test examples of parsed JSON; `source` names it in errors.

    `template` says how a question is put; see `rendering.question_text`.
    """
    try:
        data = _File.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise HswarmError(
            f"{source}: {_place(first['loc'])}{first['msg']}.", hint=_FORMAT
        ) from None
    shown = data.icl_prompt
    return _examples(data.dev, shown, template), _examples(data.test, shown, template)


def _place(location: Sequence[int | str]) -> str:
    """Say where in the file: "dev item 3: answer: " (items counted from 0)."""
    parts = [f"item {part}" if isinstance(part, int) else part for part in location[:2]]
    return "".join(f"{part}: " for part in (" ".join(parts), *map(str, location[2:])) if part)


def _examples(items: Sequence[_Item], demonstration: str, template: str | None) -> Examples:
    """Turn the items of a split into examples, each with an id of its own.

    Where an id is missing or occurs twice in the split (the authors' own files have such), all its
    items go by their position.
    """
    ids = [item.id for item in items]
    if None in ids or len(set(ids)) < len(ids):
        ids = [str(position) for position in range(len(items))]
    return tuple(
        Example(
            id=str(identifier),
            question=_question(item, demonstration, template),
            answers=() if item.answer is None else (item.answer,),
            choices=item.choices,
            context_chunks=tuple(item.context_chunks),
            domain=item.domain,
            rounds=tuple(Round(r.question, (r.answer,)) for r in item.rounds),
        )
        for identifier, item in zip(ids, items, strict=True)
    )


def _question(item: _Item, demonstration: str, template: str | None) -> str:
    text = question_text(item.question, item.choices, template)
    return after_demonstration(demonstration, text) if demonstration else text
