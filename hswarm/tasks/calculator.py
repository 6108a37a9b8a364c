"""A calculator for what stands in a text: sums and products of numbers, exactly.

It parses; nothing that a text says is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from typing import Final

_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_CALL = re.compile(
    rf"(?<![\d.])({_NUMBER}(?:\s*[-+*/×÷−]\s*{_NUMBER}){{1,8}})\s*=\s*(-?{_NUMBER})?"
)
_TOKEN = re.compile(rf"{_NUMBER}|[-+*/×÷−]")
_SAME: Final = str.maketrans("×÷−", "*/-")


def corrections(text: str) -> Iterator[str]:
    """Yield "12 * 7 = 84" for every expression whose result is missing in `text` or wrong."""
    for call in _CALL.finditer(text):
        result = calculate(call[1])
        if result is None or (call[2] is not None and Decimal(call[2]) == result):
            continue
        shown = " ".join(_TOKEN.findall(call[1].translate(_SAME)))
        yield f"{shown} = {result:f}"


def calculate(expression: str) -> Decimal | None:
    """Return the value of numbers joined by + − * /, products first; None if there is none.

    Exact where it is a whole number, else to six decimals.
    """
    tokens = _TOKEN.findall(expression.translate(_SAME))
    total, term, sign = Decimal(0), Decimal(tokens[0]), 1
    try:
        with localcontext(prec=60):
            for operator, operand in zip(tokens[1::2], map(Decimal, tokens[2::2]), strict=True):
                if operator in "*/":
                    term = term * operand if operator == "*" else term / operand
                else:
                    total, term = total + sign * term, operand
                    sign = 1 if operator == "+" else -1
            value = total + sign * term
    except (DivisionByZero, InvalidOperation):
        return None
    whole = value.to_integral_value()
    return whole if value == whole else round(value, 6).normalize()
