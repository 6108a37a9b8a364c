"""Multiple choice: which of the labelled options an answer picks.

A label counts after the last "answer is", at the start or at the end, in this order; else the only
option whose text occurs counts. The papers' code looks for any letter among the first and last
five characters, which takes the "D" of "Dear" for an answer. lm-evaluation-harness takes the first
"answer is" (as in its MMLU-Pro), ours the last: a model may change its mind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.task import Example

_MARKER = re.compile(r"answer(?:\s+is\b|\s*:)", re.IGNORECASE)
_LEAD = r"(?:[\s*_:\"'“‘(\[{$\\]|\b(?:option|choice|letter|boxed|text|answer)\b)*"
_CLOSING = " \t\r\n.,:;!?)]}\"'”’*_$"


class MultipleChoice(GoldScorer):
    """The answer picks the option whose label is gold."""

    def lacks(self, example: Example) -> str | None:
        """An item needs choices, and gold answers among their labels."""
        if not example.choices:
            return "has no choices"
        for gold in example.answers:
            if gold not in example.choices:
                return f"has the answer {gold!r}, which is none of its choices"
        return super().lacks(example)

    def matches(self, example: Example, gold: str, answer: str) -> bool:
        """Say whether `answer` picks `gold`."""
        return picked(answer, example.choices) == gold


def picked(answer: str, choices: Mapping[str, str]) -> str | None:
    """Return the label of the choice that `answer` picks, None if that cannot be told."""
    rules = _rules(tuple(choices))
    text = rules.several.sub(_leave_out, answer)
    end = max((marker.end() for marker in _MARKER.finditer(text)), default=None)
    if end is not None and (stated := rules.stated.match(text, end)):
        return stated["label"]
    if alone := rules.alone.fullmatch(text):
        return rules.labels[alone["label"].casefold()]
    if first := rules.first.match(text):
        return first["label"]
    if last := _last_label(text, choices):
        return last
    if end is not None and (said := _only_text(text[end:], choices)):
        return said
    return _only_text(answer, choices)


def _leave_out(several: re.Match[str]) -> str:
    """Replace labels in a row by a space; what is the end of a word ("USA, B") stays."""
    before = several.string[several.start() - 1 : several.start()]
    return several[0] if before.isalnum() or before in ("'", "’") else " "


def _last_label(text: str, labels: Iterable[str]) -> str | None:
    """Return the label that `text` ends with as a word of its own, unless "not" precedes it."""
    end = text.rstrip(_CLOSING)
    for label in sorted(labels, key=len, reverse=True):
        before = end.removesuffix(label)
        if before != end:
            joined = before and (before[-1].isalnum() or before[-1] in "_'’-+")
            return None if joined or before.rstrip().lower().endswith("not") else label
    return None


def _only_text(text: str, choices: Mapping[str, str]) -> str | None:
    """Return the label of the only choice whose text occurs, as whole words in any case.

    A choice that occurs only as a part of a longer one does not count.
    """
    left, found = _plain(text), []
    for label, said in sorted(choices.items(), key=lambda choice: -len(choice[1])):
        option = _plain(said).rstrip(" .;,")
        if option and option in left:
            left, times = re.subn(rf"(?<!\w){re.escape(option)}(?!\w)", "|", left)
            found += [label] * (times > 0)
    return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class _Rules:
    """Where a label stands for a choice, for one set of labels."""

    labels: Mapping[str, str]
    """Case-folded label -> label."""
    stated: re.Pattern[str]
    """After "answer is"."""
    alone: re.Pattern[str]
    """As the whole answer, in either case."""
    first: re.Pattern[str]
    """At the start and set off: "A." and "B because" pick a choice, "A cat" and "I think" don't."""
    several: re.Pattern[str]
    """Labels in a row ("A or B"), which pick none."""


@lru_cache(maxsize=64)
def _rules(labels: tuple[str, ...]) -> _Rules:
    either = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    label, whole = rf"(?P<label>{either})", r"(?![\w'’])"
    set_off = r"(?:\s*$|\s*\n|[)\]}\"”*_:;,]|\.(?!\w)|\s+[-–—(=]|\s+(?:is|because)\b|(?<![AI])\s)"
    return _Rules(
        labels={name.casefold(): name for name in reversed(labels)},
        stated=re.compile(rf"(?i:{_LEAD}){label}{whole}"),
        alone=re.compile(rf"(?i:{_LEAD}{label})[{re.escape(_CLOSING)}]*"),
        first=re.compile(rf"(?i:{_LEAD}){label}{set_off}"),
        several=re.compile(
            rf"(?:{either})(?:\s*(?:,\s*(?:and\b|or\b)?|/|&|\band\b|\bor\b)\s*"
            rf"(?:{either}){whole})+"
        ),
    )
