"""What an answer calculates, checked by the calculator that may sit in a node, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from hswarm.engines.tools.calculator import work_out

_NUMBER: Final = r"\d{1,12}(?:\.\d{1,6})?"
_ROUNDED: Final = 2
"""Decimals from which on a result may be rounded."""
_CALL = re.compile(
    rf"(?<![\d.])({_NUMBER}(?:\s*[-+*/×÷−]\s*{_NUMBER}){{1,8}})\s*=\s*(-?{_NUMBER})?"
)


def corrections(text: str) -> Iterator[str]:
    """Yield "12 * 7 = 84" for every expression whose result is missing in `text` or wrong."""
    for call in _CALL.finditer(text):
        for worked in work_out(call[1]):
            _, equals, result = worked.rpartition(" = ")
            if equals and (call[2] is None or not _agree(call[2], result)):
                yield worked


def _agree(said: str, exact: str) -> bool:
    """Return whether `said` is `exact`, or that rounded to two decimals or more."""
    decimals = len(said.partition(".")[2])
    rounded = round(Decimal(exact), decimals) if decimals >= _ROUNDED else Decimal(exact)
    return Decimal(said) == rounded
