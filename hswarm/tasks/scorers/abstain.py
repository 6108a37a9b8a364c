"""AbstainQA (Feng et al., 2024b): whether the system is right, and knows it.

Two rounds: the system answers a multiple-choice question; then it is shown the answer and asked
whether that is true or false. An answer it calls true is kept, any other is withdrawn. The mean of
the scores is the effective reliability: (right and kept − wrong and kept) / all, from −1 to 1.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from hswarm.tasks.scorers.final_answer import final_answer
from hswarm.tasks.scorers.multiple_choice import MultipleChoice, picked
from hswarm.tasks.task import Example

_VERDICT = re.compile(r"\b(true|false)\b", re.IGNORECASE)
_RIGHT: Final = ("the proposed answer is right",)
_WRONG: Final = ("the proposed answer is wrong",)


class Abstain(MultipleChoice):
    """1 for what is right and kept, −1 for what is wrong and kept, 0 for what is withdrawn."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Wrong and kept is −1, right and kept is 1."""
        return -1.0, 1.0

    def follow_up(self, example: Example, answer: str, /) -> Example | None:
        """Return the second round's question, None after it.

        Its one gold answer says whether the proposed answer was right.
        """
        if example.answers in (_RIGHT, _WRONG):
            return None
        label = picked(answer, example.choices)
        right = any(label == gold for gold in example.answers)
        proposed = label if label is not None else final_answer(answer) or "none"
        return replace(
            example,
            question=(
                f"{example.question}\nProposed answer: {proposed}\n"
                "Is the proposed answer true or false? Directly answer with true or false."
            ),
            answers=_RIGHT if right else _WRONG,
        )

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return the score of the second round's answer."""
        if not keeps(answer):
            return 0.0
        return 1.0 if example.answers == _RIGHT else -1.0


def keeps(answer: str) -> bool:
    """Say whether a verdict keeps the proposed answer: it begins, or else ends, with "true".

    The released code looks for "True" where its prompt asks for "true"; case does not count here.
    """
    verdicts = list(_VERDICT.finditer(answer))
    if not verdicts:
        return False
    first = verdicts[0]
    said = first if not answer[: first.start()].strip(" \t\r\n\"'*(:") else verdicts[-1]
    return said[0].lower() == "true"
