"""From what was typed to nested settings, as they stand in a run's config.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from hswarm.catalog import read_yaml
from hswarm.config import merge, nest
from hswarm.errors import HswarmError

_SECTIONS: Final = ("engine", "search", "budget")


def collect(
    file: Path | None, assignments: Iterable[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a `--config` file, with `--set` and then other options laid over.

    `options` are dotted keys and their values. HswarmError for what cannot be read.
    """
    settings = read_yaml(file) if file is not None else {}
    for assignment in assignments:
        settings = merge(settings, parse_assignment(assignment))
    for key, value in options.items():
        settings = merge(settings, nest(key, value))
    for section in _SECTIONS:
        if not isinstance(settings.get(section, {}), Mapping):
            raise HswarmError(
                f"The settings: {section}: it must hold keys, not {settings[section]!r}.",
                hint=f"Set one of its keys, as in --set {section}.KEY=VALUE.",
            )
    return settings


def parse_assignment(text: str) -> dict[str, Any]:
    """Return "search.role.top_p=0.8" as nested settings; the value is read as YAML."""
    key, equals, value = text.partition("=")
    if not equals or not all(part.isidentifier() for part in key.split(".")):
        raise HswarmError(
            f"--set {text}: that is not KEY=VALUE.", hint="For example: --set search.role.top_p=0.8"
        )
    try:
        return nest(key, yaml.safe_load(value))
    except yaml.YAMLError:
        raise HswarmError(
            f"--set {text}: the value is not valid YAML.",
            hint="Put a text with special characters into quotes: --set KEY='\"TEXT\"'",
        ) from None


def read_choices(assignments: Iterable[str]) -> dict[str, list[Any]]:
    """Return "search.role.top_p=0,0.3" as a setting and what it may be; values are read as YAML."""
    choices = {}
    for text in assignments:
        key, equals, listed = text.partition("=")
        try:
            found = yaml.safe_load(f"[{listed}]") if equals else []
        except yaml.YAMLError:
            found = []
        if not found or not all(part.isidentifier() for part in key.split(".")):
            raise HswarmError(
                f"--grid {text}: that is not KEY=A,B,….",
                hint="For example: --grid search.role.top_p=0,0.3,0.8",
            )
        choices[key] = list(found)
    return choices
