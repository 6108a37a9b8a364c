"""Answers that end before certain texts."""

from __future__ import annotations

from collections.abc import Sequence


def cut(text: str, stops: Sequence[str]) -> str:
    """Return `text` up to the one of `stops` that is complete first, the longest of several.

    So is the answer the same whether it is looked at whole or while it grows.
    """
    found = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(found)[1]] if found else text


def settled(text: str, stops: Sequence[str]) -> str:
    """Return what of a growing `text` is sure to stay: `cut`, less what may begin a stop."""
    whole = cut(text, stops)
    if whole != text:
        return whole
    longest = max(map(len, stops), default=1) - 1
    for start in range(max(0, len(text) - longest), len(text)):
        if any(stop.startswith(text[start:]) for stop in stops):
            return text[:start]
    return text
