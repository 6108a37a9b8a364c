"""Finds the final answer in a response that may reason first."""

from __future__ import annotations

import re

_MARKER = re.compile(r"final answer\s*:|answer is\b:?", re.IGNORECASE)
_BOLD = re.compile(r"^\*\*\s*|\s*\*\*$")


def final_answer(response: str) -> str:
    """Return what is said on the line after the last "FINAL ANSWER:" or "answer is", bare.

    Without such a marker it is the whole response, bare.
    """
    end = max((marker.end() for marker in _MARKER.finditer(response)), default=None)
    if end is None:
        return bare(response)
    return bare(response[end:].removeprefix("**").strip().partition("\n")[0])


def bare(text: str) -> str:
    """Return `text` without surrounding space, bold markers and the period that ends it."""
    return _BOLD.sub("", text.strip().removesuffix(".")).removesuffix(".").strip()
