"""Counts and numbers as a page, and the terminal, say them."""

from __future__ import annotations

import math


def show_count(count: int, noun: str) -> str:
    """Return "1 item", "2,000 items"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def show_number(value: float | None) -> str:
    """Return a number as it is read: whole ones with commas, shares with three decimals."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if value != 0 and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"
