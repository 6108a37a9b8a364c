"""Numbers as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

MISSING: Final = "–"
BARS: Final = "▁▂▃▄▅▆▇█"


def show_utility(utility: float | None) -> str:
    """Return a utility with three decimals, a dash where there is none."""
    return MISSING if utility is None or not math.isfinite(utility) else f"{utility:.3f}"


def show_p_value(p: float | None) -> str:
    """Return a p-value with four decimals; what would round to nothing is said to be below."""
    if p is None or math.isnan(p):
        return MISSING
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def show_duration(seconds: float) -> str:
    """Return a duration as minutes:seconds, or hours:minutes:seconds."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def show_dollars(dollars: float) -> str:
    """Return "$12.30", "$0.0042": cents, and for less than ten of them two digits that count."""
    if dollars >= 0.1 or dollars <= 0.0:
        return f"${dollars:,.2f}"
    return f"${dollars:.{1 - math.floor(math.log10(dollars))}f}"


def sparkline(numbers: Sequence[float], width: int) -> str:
    """Return the last `width` numbers as bars between the least and the greatest of them.

    A number that is not finite is a blank.
    """
    shown = numbers[-width:]
    finite = [number for number in shown if math.isfinite(number)]
    if not finite:
        return " " * len(shown)
    # Of halves, so that the span of huge numbers is a number, too.
    low = min(finite) / 2
    span = max(finite) / 2 - low

    def bar(number: float) -> str:
        share = (number / 2 - low) / span if span > 0 else 0.0
        return BARS[round(share * (len(BARS) - 1))]

    return "".join(bar(number) if math.isfinite(number) else " " for number in shown)
