"""The last number of an answer, as word problems are scored."""

from __future__ import annotations

import re
from decimal import Decimal

from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example

_NUMBER = re.compile(
    r"(?P<before>(?<![\w)\]}%])[-−–])?"  # a minus, unless something is there to subtract from
    r"[$€£]?"
    r"(?P<after>(?<=[$€£])[-−])?"
    r"(?<![^\W_])"  # not within a word such as "x2"
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
)


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
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return None
    found = numbers[-1]
    value = Decimal(found["digits"].replace(",", ""))
    return -value if found["before"] or found["after"] else value
