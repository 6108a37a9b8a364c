"""NLGraph (Wang et al., 2023): a length or a yes or no, said last."""

from __future__ import annotations

import re

from hswarm.tasks.scorers.last_number import last_number
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example

_YES_OR_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


class NlGraph(GoldScorer):
    """The last "yes" or "no" is the gold one, or the last number where gold is a number."""

    def lacks(self, example: Example) -> str | None:
        """Every gold answer must be yes, no or a number."""
        for gold in example.answers:
            if _last_verdict(gold) is None and last_number(gold) is None:
                return f"has the answer {gold!r}, which is neither yes, no nor a number"
        return super().lacks(example)

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Compare what `answer` says last with `gold`."""
        verdict = _last_verdict(gold)
        if verdict is not None:
            return _last_verdict(answer) == verdict
        wanted = last_number(gold)
        return wanted is not None and last_number(answer) == wanted


def _last_verdict(text: str) -> str | None:
    said = _YES_OR_NO.findall(text)
    return said[-1].lower() if said else None
