"""What several runs say together."""

import pytest

from hswarm.analysis.studies import (
    Point,
    Sparsity,
    WeakToStrong,
    by_setting,
    diversity,
    improvement,
    sparsity,
    withhold,
)
from hswarm.graph.shapes import chain, star


def test_improvement_is_from_the_least_to_the_greatest_setting():
    points = [Point(10, 0.6), Point(2, 0.4), Point(10, 0.4), Point(4, 0.9)]
    assert by_setting(points) == [Point(2, 0.4), Point(4, 0.9), Point(10, 0.5)]
    assert improvement(points) == pytest.approx(0.25)
    assert improvement(points[:1]) is None
    assert improvement([Point(1, 0.0), Point(2, 0.5)]) is None


@pytest.mark.parametrize(
    ("models", "shape"),
    [("abcdefghij", (10, 1)), ("aaaaabbbbb", (2, 5)), ("aabbc", None), ("a", (1, 1))],
)
def test_diversity(models, shape):
    assert diversity(list(models)) == shape


def test_withheld_are_the_best_or_the_better_half():
    alone = {"a": 0.1, "b": 0.5, "c": 0.3, "d": 0.3, "e": 0.2}
    assert withhold(alone, "best") == ("c", "d", "e", "a")
    assert withhold(alone, "top half") == ("d", "e", "a")


def test_weak_beats_strong():
    assert WeakToStrong(weak=0.4, strong=0.3).reached
    assert not WeakToStrong(weak=0.3, strong=0.3).reached


def test_sparsity_is_edges_and_tokens_saved():
    compared = sparsity(
        0.1, 0.0, 0.5, graph=chain(range(4)), original=star(range(4)), tokens=75,
        original_tokens=100,
    )  # fmt: skip
    assert compared == Sparsity(0.1, 0.0, 0.5, edges_removed=0.25, tokens_saved=0.25)
    unknown = sparsity(0.1, 0.0, 0.5, graph=chain(range(4)), original=chain(range(4)))
    assert unknown.edges_removed == 0.0
    assert unknown.tokens_saved is None
