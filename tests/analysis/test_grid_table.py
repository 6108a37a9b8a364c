"""The table of methods and tasks."""

import numpy as np
import pytest

from hswarm.analysis.statistics import holm
from hswarm.analysis.table import Measured, tabulate


def measured(method, share, *, task="sums", seeds=2, items=100, graded=False):
    made = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, round(share * 100)])
        scores = rng.random(items) < share
        values = tuple(float(s) * (0.5 if graded else 1.0) for s in scores)
        made.append(
            Measured(
                task, method, seed, f"{task} (mine)", "accuracy", values, ("",) * items, share, 10
            )
        )
    return made


def table(*groups, failed=None, seeds=2, tasks=("sums",)):
    rows = [m for group in groups for m in group]
    methods = list(dict.fromkeys([*(m.method for m in rows), *(k[1] for k in failed or {})]))
    return tabulate(rows, failed or {}, tasks=tasks, methods=methods, seeds=seeds)


def test_the_best_and_the_second_are_marked_and_the_rest_tested_against_the_best():
    grid = table(measured("a", 0.3), measured("b", 0.9), measured("c", 0.5))
    a, b, c = (grid.entries["sums", method] for method in "abc")
    assert (a.rank, b.rank, c.rank) == (3, 1, 2)
    assert b.p_value is None
    assert a.p_value < 0.01
    assert b.stars == "***"
    assert (a.stars, c.stars) == ("", "")
    assert b.interval.low < b.mean < b.interval.high
    assert b.dev == pytest.approx(0.9)
    assert grid.titles == {"sums": "sums (mine)"}


def test_p_values_are_corrected_over_the_whole_table():
    one = table(measured("a", 0.55), measured("b", 0.65))
    groups = [
        measured(m, s, task=t) for t in ("sums", "more") for m, s in (("a", 0.55), ("b", 0.65))
    ]
    both = table(*groups, tasks=("sums", "more"))
    raw = one.entries["sums", "a"].p_value
    corrected = [both.entries[t, "a"].p_value for t in ("sums", "more")]
    assert corrected == pytest.approx(holm([raw, raw]))


def test_graded_scores_get_no_stars():
    grid = table(measured("a", 0.3, graded=True), measured("b", 0.9, graded=True))
    assert grid.entries["sums", "b"].stars == ""
    assert grid.entries["sums", "a"].p_value < 0.01


def test_what_failed_or_is_not_done_stays_visible():
    failed = {("sums", "b", 0): "no memory", ("sums", "a", 1): "no memory"}
    grid = table(measured("a", 0.5, seeds=1), failed=failed)
    a, b = (grid.entries["sums", method] for method in "ab")
    assert (a.seeds, a.failed) == ((0,), {1: "no memory"})
    assert (b.mean, b.rank, b.failed) == (None, None, {0: "no memory"})


def test_unscored_items_are_counted_and_in_no_mean():
    scores = (1.0, None, 0.0)
    grid = table([Measured("sums", "a", 0, "sums", "accuracy", scores, ("",) * 3, None, 1)])
    entry = grid.entries["sums", "a"]
    assert (entry.mean, entry.unscored, entry.dev) == (0.5, 1, None)
