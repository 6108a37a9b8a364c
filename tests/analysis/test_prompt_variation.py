"""Versions of a question, and the entropy of what is answered to them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.analysis.entropy import mean_entropy, response_entropy
from hswarm.analysis.paraphrase import REQUEST, VERSIONS, by_rules, read_versions


@pytest.mark.parametrize(
    ("answers", "bits"),
    [
        (["a"] * 10, 0.0),
        (["a", "b"], 1.0),
        (["a", "A ", " a"], 0.0),
        (["a", "a", "b", "c"], 1.5),  # 1/2 · 1 + 2 · 1/4 · 2
        (list("abcdefgh"), 3.0),
    ],
)
def test_entropy_by_hand(answers, bits):
    assert response_entropy(answers) == pytest.approx(bits)


@given(st.lists(st.text(max_size=3), min_size=1, max_size=20))
def test_entropy_is_between_none_and_that_of_all_different(answers):
    assert 0.0 <= response_entropy(answers) <= math.log2(len(answers)) + 1e-9


def test_the_mean_is_over_questions():
    assert mean_entropy([["a", "b"], ["a", "a"]]) == 0.5


def test_nothing_has_no_entropy():
    with pytest.raises(ValueError, match="some answers"):
        response_entropy([])


def test_the_rules_write_ten_different_versions_that_hold_the_question():
    versions = by_rules("Who is Ann's friend?")
    assert versions[0] == "Who is Ann's friend?"
    assert len(set(versions)) == len(versions) == VERSIONS
    assert all("is ann's friend" in version.lower() for version in versions)


def test_the_versions_of_a_judge_are_read_line_by_line():
    reply = "1. Who is it?\n2) Who's it?\n\n- It is who?\n* Who?\n" + "more\n" * 9
    assert read_versions(reply)[:4] == ["Who is it?", "Who's it?", "It is who?", "Who?"]
    assert len(read_versions(reply)) == VERSIONS
    assert "10 versions with minor differences" in REQUEST.format(question="Who?")
