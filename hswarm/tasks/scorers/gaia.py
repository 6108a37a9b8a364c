"""The scoring of GAIA questions (Mialon et al., 2024), by the published rules of its leaderboard.

A gold answer that is a number wants that number ($, % and thousands separators do not count), one
with commas or semicolons wants that list in that order, and any other wants that text (case, space
and punctuation do not count). What is compared is the text after the last "FINAL ANSWER:" or
"answer is", else the whole response, without a trailing period.
"""

from __future__ import annotations

import math
import re
from string import punctuation

from hswarm.tasks.scorers.final_answer import bare, final_answer
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example

_SEPARATORS = re.compile("[,;]")
_SPACE = re.compile(r"\s+")
_UNITS = str.maketrans("", "", "$%,")
_PUNCTUATION = str.maketrans("", "", punctuation)


class Gaia(GoldScorer):
    """Number, list or text, as the gold answer is."""

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Say whether the final answer in `answer` is `gold`."""
        wanted = bare(gold) or gold.strip()
        said = wanted if answer.strip() == gold.strip() else final_answer(answer)
        number = _number(wanted)
        if number is not None:
            return _number(said.translate(_UNITS)) == number
        if _SEPARATORS.search(wanted):
            return _lists_match(wanted, said)
        text = _plain(wanted).translate(_PUNCTUATION)
        if not text:
            return bool(wanted) and said == wanted  # nothing but punctuation
        return _plain(said).translate(_PUNCTUATION) == text


def _lists_match(wanted: str, said: str) -> bool:
    """Compare element by element; within a list of texts punctuation counts."""
    pairs = list(zip(_SEPARATORS.split(wanted), _SEPARATORS.split(said), strict=False))
    if len(_SEPARATORS.findall(wanted)) != len(_SEPARATORS.findall(said)):
        return False
    return all(_elements_match(one, other) for one, other in pairs)


def _elements_match(wanted: str, said: str) -> bool:
    number = _number(wanted)
    if number is None:
        return _plain(wanted) == _plain(said)
    return _number(said.translate(_UNITS)) == number


def _plain(text: str) -> str:
    return _SPACE.sub("", text).lower()


def _number(text: str) -> float | None:
    """Return the number that all of `text` is, if it is a finite one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
