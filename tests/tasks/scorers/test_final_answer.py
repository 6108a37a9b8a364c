"""Where a response says its final answer."""

import pytest

from hswarm.tasks.scorers.final_answer import bare, final_answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("42", "42"),
        ("two\nlines", "two\nlines"),
        ("The answer is 42.", "42"),
        ("The answer is: 42", "42"),
        ("The answer is 1. Final Answer : 2", "2"),
        ("FINAL ANSWER: 1\nThe answer is 2.", "2"),
        ("final answer:\n\n 3.5\nbye", "3.5"),
        ("**FINAL ANSWER:** Ben", "Ben"),
        ("The answer isn't 5", "The answer isn't 5"),
        ("The answer is", ""),
        ("", ""),
    ],
)
def test_finds(response, answer):
    assert final_answer(response) == answer


@pytest.mark.parametrize(
    ("text", "rest"),
    [(" Ben. ", "Ben"), ("**Ben.**", "Ben"), ("**Ben**.", "Ben"), ("2**3", "2**3")],
)
def test_bares(text, rest):
    assert bare(text) == rest
