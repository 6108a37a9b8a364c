"""What every scorer promises, as tests to inherit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hswarm.tasks.task import Example

_FRAGMENTS = (
    *("The answer is", "FINAL ANSWER:", "answer:", "Maybe", "not", "or", "and", "option"),
    *(
        "A",
        "B",
        "a",
        "I",
        "yes",
        "No",
        "-",
        "−",
        "$",
        "%",
        ",",
        ".",
        ";",
        "(",
        ")",
        "**",
        "\n",
        "'",
    ),
    *("0", "12", "1,000", "3.5", "²", "٣", "é", "nan", "inf", "1e999", "\ud800", "\x00"),
)


class Rule(Protocol):
    """A scorer that needs nobody else, and so answers at once."""

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return the score of `answer`."""
        ...


class ScorerContract:
    """Promises of a scorer that rates answers from 0 to 1 by comparing them with gold ones.

    Inherit in a test class, and set `scorer` and `examples`: a few items as its tasks have them.
    """

    scorer: Rule
    examples: Sequence[Example]

    # One test function runs in many classes; each has a scorer of its own and shares nothing.
    @settings(suppress_health_check=[HealthCheck.differing_executors])
    @given(answer=st.text(max_size=200))
    def test_any_text_gets_the_same_score_from_0_to_1_every_time(self, answer: str) -> None:
        """Scorers are total, pure and bounded."""
        for example in self.examples:
            score = self.scorer(example, answer)
            assert 0.0 <= score <= 1.0
            assert self.scorer(example, answer) == score

    @settings(suppress_health_check=[HealthCheck.differing_executors])
    @given(words=st.lists(st.sampled_from(_FRAGMENTS), max_size=12))
    def test_whatever_looks_like_an_answer_is_scored(self, words: list[str]) -> None:
        """Pieces of answers in any order are answers too."""
        for example in self.examples:
            for answer in ("".join(words), " ".join(words)):
                assert 0.0 <= self.scorer(example, answer) <= 1.0

    def test_the_gold_answer_scores_1(self) -> None:
        """Whatever is gold counts, in any space."""
        for example in self.examples:
            for gold in example.answers:
                assert self.scorer(example, gold) == 1.0
                assert self.scorer(example, f"  {gold}\n") == 1.0

    def test_saying_nothing_scores_0(self) -> None:
        """An answer that cannot be parsed is wrong."""
        for example in self.examples:
            for answer in ("", " \n\t", "The answer is unknown.", "The answer is"):
                assert self.scorer(example, answer) == 0.0
