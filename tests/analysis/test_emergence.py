"""C-surge and C-emerge: by hand, and on the tables printed in Model Swarms, Figure 2."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.analysis.emergence import Emergence, correctness_emergence, levels

# Rows: from all wrong to all right before; columns: after. The figure has them the other way up.
PRINTED = {
    "MMLU": ([[21, 12, 4, 0], [4, 48, 84, 2], [0, 0, 25, 0], [0, 0, 0, 0]], 0.510, 0.432),
    "MMLU-pro": ([[16, 6, 3, 0], [2, 24, 17, 0], [0, 0, 1, 1], [0, 0, 0, 0]], 0.386, 0.360),
    "HellaSwag": ([[15, 8, 5, 0], [6, 39, 82, 1], [0, 0, 44, 0], [0, 0, 0, 0]], 0.480, 0.464),
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_papers_tables_give_the_papers_numbers(name):
    table, surge, emerge = PRINTED[name]
    emergence = Emergence(tuple(map(tuple, table)))
    assert emergence.surge == pytest.approx(surge, abs=5e-4)
    assert emergence.emerge == pytest.approx(emerge, abs=5e-4)


def test_by_hand():
    # Of four models: none, one, two, three and all right on the five problems.
    before = np.arange(4)[:, None] < np.arange(5)
    assert levels(before).tolist() == [0, 1, 1, 2, 3]
    after = np.array([[1, 1, 1, 0, 1]] * 2 + [[0, 0, 1, 0, 1]] * 2, dtype=bool)
    assert levels(after).tolist() == [1, 1, 3, 0, 3]
    emergence = correctness_emergence(before, after)
    assert emergence.table == ((0, 1, 0, 0), (0, 1, 0, 1), (1, 0, 0, 0), (0, 0, 0, 1))
    assert emergence.surge == 2 / 5
    assert emergence.emerge == 1.0
    assert emergence.problems == 5


def test_where_nothing_was_impossible_nothing_emerges():
    every = np.ones((2, 3), bool)
    emergence = correctness_emergence(every, ~every)
    assert emergence.emerge is None
    assert emergence.surge == 0.0


def test_pools_of_different_size_can_be_compared_and_problems_must_be_the_same():
    assert correctness_emergence(np.zeros((2, 3), bool), np.ones((5, 3), bool)).surge == 1.0
    with pytest.raises(ValueError, match="3 problems before but 2 after"):
        correctness_emergence(np.zeros((2, 3), bool), np.ones((5, 2), bool))
    with pytest.raises(ValueError, match="of some models"):
        levels(np.zeros((0, 3), bool))


@given(st.integers(1, 7), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_every_problem_is_counted_once_and_standing_still_is_no_surge(models, problems, seed):
    rng = np.random.default_rng(seed)
    before, after = rng.random((2, models, problems)) < 0.5
    emergence = correctness_emergence(before, after)
    assert emergence.problems == problems
    still = correctness_emergence(before, before)
    assert still.surge in (None, 0.0)
    assert still.emerge in (None, 0.0)
