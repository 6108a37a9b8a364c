"""Labels of what a model does, from a judge's words or by rules."""

import pytest

from hswarm.analysis.roles import (
    LABELS,
    judge_prompt,
    label_by_rules,
    main_role,
    read_label,
    role_shares,
)


def test_the_judge_gets_the_papers_words():
    prompt = judge_prompt("What is 2 + 2?", "It is 4.")
    assert "solving part of the problem, 2. refining the previous answer" in prompt
    assert prompt.endswith("The problem is: What is 2 + 2?\nThe output is: It is 4.")


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("1", "divide"),
        ("2. refining the previous answer", "refine"),
        ("**3**", "feedback"),
        ("The output is scenario 4.", "irrelevant"),
        ("The answer is 1. It solves part.", "divide"),
        ("Refining the previous answer.", "refine"),
        ("It is solving part of the problem, not providing feedback.", "divide"),
        ("This is irrelevant to the 2 apples.", "irrelevant"),
        ("I cannot say.", None),
        ("5", None),
        ("", None),
    ],
)
def test_what_a_judge_says_is_read(reply, label):
    assert read_label(reply) == label


@pytest.mark.parametrize(
    ("output", "responses", "label"),
    [
        ("Ann's friend is Bob.", [], "divide"),
        ("", [], "irrelevant"),
        ("Unknown.", ["Ann's friend is Bob."], "irrelevant"),
        ("ann's friend  is Bob", ["Ann's friend is Bob. Bob's job is pilot."], "feedback"),
        ("Ann's friend is Bob. Bob's job is pilot.", ["Ann's friend is Bob."], "refine"),
    ],
)
def test_rules_look_at_what_is_new(output, responses, label):
    assert label_by_rules(output, responses) == label


def test_shares_by_key():
    shares = role_shares(
        [(0, "divide"), (1, "refine"), (0, "refine"), (0, "divide"), (0, "divide")]
    )
    assert list(shares) == [0, 1]
    assert shares[0] == {"divide": 0.75, "refine": 0.25, "feedback": 0.0, "irrelevant": 0.0}
    assert main_role(shares[0]) == "divide"
    assert main_role(dict.fromkeys(LABELS, 0.25)) == "divide"
