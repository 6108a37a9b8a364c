"""The harmonic mean of several tasks."""

from statistics import harmonic_mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.tasks.load import load_task
from hswarm.tasks.scorers.abstain import Abstain
from hswarm.tasks.scorers.exact_match import ExactMatch
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.last_number import LastNumber
from hswarm.tasks.task import Aggregating, Example

BOTH = HarmonicMean({"words": ExactMatch(), "sums": LastNumber()})


def item(part, gold="1"):
    return Example("0", "?", (gold,), part=part)


def test_every_item_is_scored_as_its_own_task_does():
    assert BOTH(item("words", "x"), "The answer is x") == 1.0
    assert BOTH(item("words"), "1 apple") == 0.0
    assert BOTH(item("sums"), "1 apple") == 1.0


@given(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=9),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=9),
)
def test_the_utility_is_the_harmonic_mean_of_the_means(words, sums):
    examples = [*(item("words") for _ in words), *(item("sums") for _ in sums)]
    expected = harmonic_mean([sum(words) / len(words), sum(sums) / len(sums)])
    assert isinstance(BOTH, Aggregating)
    assert BOTH.utility(examples, [*words, *sums]) == pytest.approx(expected)


@pytest.mark.parametrize(("words", "sums"), [(0.0, 1.0), (1.0, 0.0), (-0.5, 1.0)])
def test_it_is_0_where_a_task_is(words, sums):
    assert BOTH.utility([item("words"), item("sums")], [words, sums]) == 0.0


def test_a_task_with_rounds_keeps_them():
    scorer = HarmonicMean({"doubt": Abstain(), "sums": LastNumber()})
    asked = Example("0", "?", ("A",), {"A": "x"}, part="doubt")
    following = scorer.follow_up(asked, "A")
    assert "Proposed answer: A" in following.question
    assert scorer(following, "true") == 1.0
    assert scorer.follow_up(item("sums"), "1") is None


def test_the_bundled_domain_joins_two_tasks():
    task = load_task("skills", limit=3)
    assert [e.id.split("/")[0] for e in task.dev] == ["gsm8k"] * 3 + ["nlgraph"] * 3
    assert {e.part for e in task.test} == {"gsm8k", "nlgraph"}
    assert (task.title, task.metric, task.bundled) == ("skills (bundled)", "harmonic mean", True)
    assert task.fingerprint != load_task("skills", limit=2).fingerprint
