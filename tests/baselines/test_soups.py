"""Soups on a landscape that is a known function of the row."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest

from hswarm.baselines.greedy_soup import greedy_soup
from hswarm.baselines.uniform_soup import average, uniform_soup
from hswarm.engines.request import Blend

sys.path.insert(0, str(Path(__file__).parent))
from arena import ITEMS, make_trials
from landscape import TARGET


def utility(row) -> float:
    return 1 / (1 + np.abs(np.array(row) - TARGET).sum()) + np.mean(range(ITEMS)) / 1000


def test_the_uniform_soup_is_the_mean():
    trials = make_trials()
    asyncio.run(uniform_soup(trials))

    assert trials.found.candidate.rows == ((0.25,) * 4,)
    assert trials.found.utility == pytest.approx(utility([0.25] * 4))


def test_the_greedy_soup_is_that_of_wortsman_et_al():
    trials = make_trials()
    asyncio.run(greedy_soup(trials))

    order = np.argsort(-TARGET, kind="stable")
    soup = [order[0]]
    for expert in order[1:]:
        if utility(average([*soup, expert], range(4))) > utility(average(soup, range(4))):
            soup.append(expert)
    assert trials.found.candidate.rows[0] == pytest.approx(average(soup, range(4)))
    assert trials.found.utility == pytest.approx(utility(average(soup, range(4))))


def test_the_whole_soup_is_one_model():
    trials = make_trials()
    asyncio.run(uniform_soup(trials))

    assert trials.found.candidate.models(trials.roster) == (Blend("family", (0.25,) * 4),)
