"""Systems that race on more and more items."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest

from hswarm.evaluate import Evaluation
from hswarm.search.racing import is_worse, race
from hswarm.tasks.task import Example

sys.path.insert(0, str(Path(__file__).parent))
from test_stopping import SEARCHES, WHOLE, run


def raced(scores, confidence=0.95, seed=0):
    examples = [Example(str(k), "", ("",)) for k in range(len(scores[0]))]
    order = np.random.default_rng(seed).permutation(len(examples)).tolist()
    rungs = []

    async def asked(systems, part):
        rungs.append((list(systems), len(part)))
        return [
            Evaluation.of([scores[s][int(example.id)] for example in part], []) for s in systems
        ]

    return asyncio.run(race(len(scores), examples, order, confidence, asked)), rungs


def draw(rates, items=200, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.random(items) < rate).astype(float).tolist() for rate in rates]


def test_the_clearly_worse_fall_out_and_the_best_is_measured_in_full():
    scores = draw([0.05, 0.9, 0.1, 0.85, 0.1, 0.05])
    done, rungs = raced(scores)
    assert [size for _, size in rungs] == [25, 25, 50, 100]
    assert done[1].utility == np.mean(scores[1])
    out = {k for k, evaluation in enumerate(done) if evaluation.spared}
    assert out == {0, 2, 4, 5}
    assert all(np.isnan(done[k].utility) for k in out)
    first = {k for k in range(6) if k not in rungs[1][0]}
    assert len(first) == 3, "of the worse half only"


def test_equals_all_arrive():
    one = draw([0.5])[0]
    done, _ = raced([one, one, one])
    assert [evaluation.spared for evaluation in done] == [0, 0, 0]
    alone, _ = raced([one])
    assert alone[0].utility == np.mean(one)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_one_that_is_no_worse_is_called_worse_no_more_often_than_stated(confidence):
    wrong = 0
    for seed in range(600):
        first, second = draw([0.5, 0.5], items=100, seed=seed)
        half: list = [*first[:50], *[None] * 50]
        wrong += is_worse(half, second, confidence) and np.mean(first) >= np.mean(second)
    assert wrong / 600 <= 1 - confidence + 3 * np.sqrt(confidence * (1 - confidence) / 600)


def test_a_search_races_and_says_so():
    tally, states, lines = run(SEARCHES["model-swarms"], race=0.9)
    assert tally.spared == sum(line.get("spared", 0) for line in lines) > 0
    assert states[-1].found.utility >= states[0].found.utility
    again, same, _ = run(SEARCHES["model-swarms"], race=0.9)
    assert again.spared == tally.spared
    assert same[-1].found == states[-1].found


def test_there_is_no_race_where_every_score_counts():
    tally, _, _ = run(WHOLE["as printed"], race=0.9)
    assert tally.spared == 0
