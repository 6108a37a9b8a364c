"""What part each model plays: divide, refine, feedback, irrelevant.

Heterogeneous Swarms (Feng et al., 2025), §6, Figure 4; the judge's prompt is that of Table 8.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, Literal, TypeVar

Label = Literal["divide", "refine", "feedback", "irrelevant"]
K = TypeVar("K", bound=Hashable)

LABELS: Final[tuple[Label, ...]] = ("divide", "refine", "feedback", "irrelevant")
"""In the order of the judge's four scenarios."""

_WORDS: Final[dict[str, Label]] = {
    "solving part": "divide",
    "divide": "divide",
    "refin": "refine",
    "feedback": "feedback",
    "irrelevant": "irrelevant",
}
_SENTENCE: Final = re.compile(r"[^.!?\n]+")
_NOTHING: Final = frozenset({"", "unknown", "the answer is unknown", "i do not know", "none"})


def judge_prompt(problem: str, output: str) -> str:
    """Return what a judge is asked about one intermediate output."""
    return (
        "Below is the output of a model solving part of a problem. Please judge whether the output "
        "is one of the four scenarios: 1. solving part of the problem, 2. refining the previous "
        "answer, 3. providing feedback, 4. irrelevant.\n\n"
        f"The problem is: {problem}\nThe output is: {output}"
    )


def read_label(reply: str) -> Label | None:
    """Return the label that a judge's reply names, by number or in words; None if it names none.

    A number stands first or alone on what it says; of words the first counts.
    """
    numbered = re.search(r"(?:^|scenario\s*|answer is\s*)\W*([1-4])\b", reply.strip().lower())
    if numbered:
        return LABELS[int(numbered[1]) - 1]
    places = {word: place for word in _WORDS if (place := reply.lower().find(word)) >= 0}
    return _WORDS[min(places, key=places.__getitem__)] if places else None


def label_by_rules(output: str, responses: Sequence[str]) -> Label:
    """Return a label where no judge is set, by what an output adds to the `responses` it was given.

    Nothing said: irrelevant. Nothing given: divide. Nothing but what was given, so that a
    response is confirmed or passed on: feedback. Something new: refine. It stands in for no judge:
    it sees which sentences are new and not whether they help.
    """
    said = _sentences(output)
    if not said - _NOTHING:
        return "irrelevant"
    if not responses:
        return "divide"
    given = set().union(*map(_sentences, responses))
    return "refine" if said - given else "feedback"


def role_shares(labels: Iterable[tuple[K, Label]]) -> dict[K, dict[Label, float]]:
    """Return each key's share of every label; keys (nodes, tasks, iterations) as they come."""
    counts: dict[K, Counter[Label]] = {}
    for key, label in labels:
        counts.setdefault(key, Counter())[label] += 1
    return {
        key: {label: count[label] / count.total() for label in LABELS}
        for key, count in counts.items()
    }


def main_role(shares: dict[Label, float]) -> Label:
    """Return the label with the largest share, the first of `LABELS` on a tie."""
    return max(LABELS, key=shares.__getitem__)


def _sentences(text: str) -> set[str]:
    return {words for part in _SENTENCE.findall(text) if (words := " ".join(part.lower().split()))}
