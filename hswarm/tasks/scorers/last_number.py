"""The last number of an answer, as word problems are scored.

The flexible filter of lm-evaluation-harness takes the last number too, and compares its digits as
text; here numbers are compared by value, so 18.00 is 18.
"""

from __future__ import annotations

import re
from decimal import Decimal

from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example

_DIGITS = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")
_MINUS = re.compile(r"(?:(?<![\w)\]}%])[-−–][$€£]?|[$€£][-−])\.?$")
"""A minus, with or without a currency, unless something is there to subtract from."""
_ENDS = re.compile(r"[\w.]$")
"""What a period ends, where it does not begin a decimal fraction such as ".5"."""


class LastNumber(GoldScorer):
    """The last number in the answer equals the gold one; units and separators do not count."""

    def lacks(self, example: Example) -> str | None:
        """Every gold answer must be a number."""
        for gold in example.answers:
            if last_number(gold) is None:
                return f"has the answer {gold!r}, which is no number"
        return super().lacks(example)

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Compare the numbers by value, exactly."""
        wanted = last_number(gold)
        return wanted is not None and last_number(answer) == wanted


def last_number(text: str) -> Decimal | None:
    """Return the last number in `text`, exactly, or None if there is none.

    Thousands may be separated by commas, "$" may stand before it and anything behind it. A minus
    belongs to the number unless it subtracts or joins (5-3, pages 5–3).
    """
    for digits in reversed(list(_DIGITS.finditer(text))):
        before = text[max(0, digits.start() - 4) : digits.start()]
        if before[-1:].isalnum():
            continue  # part of a word, such as "H2O"
        number = digits[0].replace(",", "")
        if "." not in number and before.endswith(".") and not _ENDS.search(before[:-1]):
            number = f".{number}"
        value = Decimal(number)
        return value.copy_negate() if _MINUS.search(before) else value
    return None
