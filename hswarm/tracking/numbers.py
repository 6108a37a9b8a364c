"""What trackers are told: names and numbers, and nothing that says who runs this where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePath
from statistics import fmean
from typing import Any, Final

from hswarm.config import RunConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import Event, IterationEnded, StepEnded
from hswarm.search.result import Result

Setting = str | int | float | bool | None

_PATHS: Final = ("task", "pool", "data", "engine.ray")
"""Settings that may be a path or an address: of a path the file's name is told, of an address that
there is one."""


def settings_told(config: RunConfig) -> dict[str, Setting]:
    """Return a run's settings by dotted key; of files only their name without the suffix."""
    told: dict[str, Setting] = {}
    for key, value in _leaves(config.model_dump(mode="json")):
        if key == "engine.ray":
            told[key] = value is not None
        elif key in _PATHS and value is not None:
            told[key] = PurePath(str(value)).stem
        else:
            told[key] = value if isinstance(value, Setting) else " ".join(map(str, value))
    return told


def numbers_told(event: Event, usage: Usage) -> dict[str, float]:
    """Return what an event says in numbers, by name; empty if nothing. The rest is not finite."""
    match event:
        case StepEnded():
            known = [utility for utility in event.utilities if math.isfinite(utility)]
            numbers = {
                "best": event.best,
                f"{event.kind}/spread": event.spread,
                **(
                    {f"{event.kind}/mean": fmean(known), f"{event.kind}/max": max(known)}
                    if known
                    else {}
                ),
            }
        case IterationEnded():
            numbers = {
                "best": event.best,
                "stale": event.stale,
                "usage/answered": usage.answered,
                "usage/generated": usage.generated,
                "usage/prompt_tokens": usage.prompt_tokens,
                "usage/generated_tokens": usage.generated_tokens,
                "usage/dollars": usage.dollars,
            }
        case _:
            numbers = {}
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def outcome_told(result: Result) -> dict[str, float]:
    """Return what was found in numbers: every system on dev and test, and the p-values."""
    numbers: dict[str, float] = {}
    for report in (result.found, *result.compared):
        values = {
            "dev": report.dev.utility, "test": report.test.utility, "p": report.p_value,
        }  # fmt: skip
        numbers |= {f"{report.name}/{k}": v for k, v in values.items() if v is not None}
    return numbers


def run_name(folder: PurePath) -> str:
    """Return what a run is called: its folder's name, and nothing of where it lies."""
    return folder.name or "run"


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += _leaves(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found
