"""The best single on a landscape whose best expert is known."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest

from hswarm.baselines.best_single import best_single

sys.path.insert(0, str(Path(__file__).parent))
from arena import EXPERTS, ITEMS, make_trials
from landscape import TARGET


def test_the_best_single_is_the_expert_nearest_to_the_target():
    trials = make_trials()
    asyncio.run(best_single(trials))

    assert np.argmax(TARGET) == 0
    assert trials.found.candidate.agents == (0,)
    near = 1 / (1 + np.abs(np.eye(4)[0] - TARGET).sum())
    assert trials.found.utility == pytest.approx(near + np.mean(range(ITEMS)) / 1000)


def test_every_expert_is_asked_once_per_item():
    trials = make_trials()
    asyncio.run(best_single(trials))

    assert len(trials.setting.engine.asked) == EXPERTS * ITEMS
    assert trials.setting.tally.spent == EXPERTS
