"""What is wrong with settings, in one line: which key, what it must be, what it is now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hswarm.errors import HswarmError

_HIDDEN = "What is there now is not shown, for it might be a key."


def explain(model: type[BaseModel], error: ValidationError, where: str) -> HswarmError:
    """Return what to tell a person whose settings for `model`, in `where`, were refused.

    Of a model that hides its input (`hide_input_in_errors`) no text that was refused is shown.
    """
    errors = error.errors()
    # A key that is misspelt is missing, too.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        keys = _keys(_walk(model, first["loc"][:-1])[-1])
        near = get_close_matches(str(first["loc"][-1]), keys, n=2)
        suggestion = f"Did you mean {' or '.join(near)}? " if near else ""
        return HswarmError(
            f"{where}: there is no key {key!r}.", hint=f"{suggestion}Keys there: {_list(keys)}."
        )
    said = _said(model, first)
    return HswarmError(
        f"{where}: {key}: {said}." if key else f"{where}: {said}.", hint=_hint(model, first)
    )


def _said(model: type[BaseModel], error: ErrorDetails) -> str:
    kind = str(error.get("ctx", {}).get("discriminator", "")).strip("'")
    match error["type"]:
        case "missing":
            return "it is required"
        case "tuple_type":
            return "Input should be a list"
        case "union_tag_not_found":
            return f"its {kind} is required"
        case "union_tag_invalid":
            return f"its {kind} is {error['ctx']['tag']!r}, not {error['ctx']['expected_tags']}"
        case "string_pattern_mismatch" if examples := _examples(model, error["loc"]):
            return f"it is not of the form {' or '.join(examples)}"
    return error["msg"].removeprefix("Value error, ")


def _hint(model: type[BaseModel], error: ErrorDetails) -> str:
    """Show the value that was refused, and the nearest that would have been allowed."""
    way = _walk(model, error["loc"])
    value, kind = error["input"], error["type"]
    if kind == "missing":
        return f"Keys there: {_list(_keys(_walk(model, error['loc'][:-1])[-1]))}."
    if kind == "union_tag_not_found":
        return f"One of {_list(_tags(way[-1]))}."
    context = error.get("ctx", {})
    asked = str(context.get("tag", value))
    allowed = re.findall(r"'([^']*)'", context.get("expected", context.get("expected_tags", "")))
    near = get_close_matches(asked.lower(), allowed, n=2)
    suggestion = f"Did you mean {' or '.join(near)}?" if near else ""
    hides = any(here.model_config.get("hide_input_in_errors") for step in way for here in step)
    if hides and not isinstance(value, int | float):
        if isinstance(value, Mapping):
            return suggestion or f"Keys there: {_list(_keys(way[-1]))}."
        return suggestion or _HIDDEN
    if kind == "value_error" and isinstance(value, Mapping):
        return "Change one of them."
    return f"It is {value!r:.200} now. {suggestion}".rstrip()


def _examples(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return what the field at `place` gives as examples of what it takes."""
    *way, name = place
    fields = [here.model_fields.get(str(name)) for here in _walk(model, way)[-1]]
    return [str(one) for field in fields if field is not None for one in field.examples or ()]


def _walk(model: type[BaseModel], place: Sequence[int | str]) -> list[list[type[BaseModel]]]:
    """Return the models that `place` leads through, those of a union side by side."""
    here: list[Any] = [model]
    way = [[model]]
    for key in place:
        # A tag of a union leads to one of its members.
        tagged = [member for member in here if _is_model(member) and key in _tags([member])]
        here = tagged or [below for member in here for below in _step(member, str(key))]
        models = [member for member in here if _is_model(member)]
        if models:
            way.append(models)
    return way


def _step(annotation: Any, key: str) -> Iterator[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(key)
        if field is not None:
            yield from _members(field.annotation)
    elif get_origin(annotation) in (dict, Mapping):
        yield from _members(get_args(annotation)[1])
    elif get_args(annotation) and get_origin(annotation) is not Literal:
        yield from _members(get_args(annotation)[0])


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value of an annotation may have."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tags(models: Sequence[type[BaseModel]]) -> list[Any]:
    """Return what the required fields of `models` that take one word only take."""
    fields = [field for model in models for field in model.model_fields.values()]
    words = (get_args(f.annotation) for f in fields if get_origin(f.annotation) is Literal)
    return [taken[0] for taken in words if len(taken) == 1]


def _keys(models: Sequence[type[BaseModel]]) -> list[str]:
    return list(dict.fromkeys(name for model in models for name in model.model_fields))


def _list(words: Sequence[Any]) -> str:
    return ", ".join(map(str, words))
