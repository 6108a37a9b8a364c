"""The budget: what is allowed is answered, then nothing more, and the reason is told."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hswarm.config import BudgetConfig, search_config
from hswarm.engines.request import Blend, Request, Sampling
from hswarm.search import budget as budget_module
from hswarm.search.budget import BudgetedEngine, BudgetSpent
from hswarm.search.loop import search

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting

REQUEST = Request(Blend("family", (1.0, 0.0, 0.0, 0.0)), "item 1", Sampling(8))


class Clock:
    """A clock that goes on by a second for every answer."""

    def __init__(self, monkeypatch):
        self.engine = Landscape()
        monkeypatch.setattr(budget_module.time, "monotonic", lambda: float(len(self.engine.asked)))

    def budgeted(self, *, armed=True, seconds=0.0, tokens=lambda: 0, **limits):
        limits = BudgetConfig(**limits)
        return BudgetedEngine(
            self.engine, limits, tokens=tokens, seconds=seconds, armed=armed, _begun=0.0
        )


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def ask(engine, times):
    async def all_of_them():
        for _ in range(times):
            await engine.generate(REQUEST)

    asyncio.run(all_of_them())


def test_seconds_run_out(clock):
    engine = clock.budgeted(max_seconds=3.0)
    ask(engine, 3)
    with pytest.raises(BudgetSpent, match="max-seconds"):
        ask(engine, 1)


def test_seconds_of_earlier_processes_count(clock):
    engine = clock.budgeted(max_seconds=3.0, seconds=2.0)
    ask(engine, 1)
    with pytest.raises(BudgetSpent, match="max-seconds"):
        ask(engine, 1)
    assert engine.elapsed() == 4.0


def test_once_spent_nothing_is_asked_any_more(clock):
    engine = clock.budgeted(max_seconds=1.0)
    with pytest.raises(BudgetSpent):
        ask(engine, 5)
    with pytest.raises(BudgetSpent):
        ask(engine, 5)
    assert len(clock.engine.asked) == 2


def test_tokens_run_out(clock):
    engine = clock.budgeted(max_tokens=8, tokens=lambda: 4 * len(clock.engine.asked))
    ask(engine, 2)
    with pytest.raises(BudgetSpent, match="max-tokens"):
        ask(engine, 1)


def test_before_it_is_armed_nothing_is_refused(clock):
    ask(clock.budgeted(max_seconds=1.0, max_tokens=1, tokens=lambda: 99, armed=False), 5)


@pytest.mark.parametrize("limit", ["max-tokens", "max-seconds"])
def test_a_search_out_of_budget_ends_with_its_last_whole_iteration(clock, limit):
    config = search_config("default", {"max_iterations": 50, "patience": 50})
    setting = make_setting(config, clock.engine)
    states = []
    asyncio.run(search(setting, states.append))

    clock.engine.asked.clear()
    spend = {"max-tokens": {"max_tokens": 3_000}, "max-seconds": {"max_seconds": 3_000.0}}[limit]
    engine = clock.budgeted(armed=False, tokens=lambda: len(clock.engine.asked), **spend)
    reached = []

    def checkpoint(state):
        reached.append(state)
        engine.armed = True

    last, reason = asyncio.run(search(replace(setting, engine=engine), checkpoint))
    assert reason == limit
    assert 0 < last.iteration < 50
    assert last is reached[-1]
    assert last.found == states[last.iteration].found
