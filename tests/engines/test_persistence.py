"""Calls that are made again: how often, and after how long."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from hswarm.engines import persistence
from hswarm.engines.persistence import Fault, persist, seconds_to_wait
from hswarm.engines.request import CallFailed


@pytest.fixture
def waits(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr(persistence, "asyncio", SimpleNamespace(sleep=sleep))
    return waited


def failing(*faults):
    """An attempt that meets these faults and then succeeds."""
    left = list(faults)

    async def attempt():
        if left:
            raise left.pop(0)
        return "done"

    return attempt


def run(attempt, attempts=8):
    return asyncio.run(persist(attempt, attempts=attempts))


def test_it_waits_twice_as_long_each_time_with_jitter(waits):
    assert run(failing(*[Fault("no")] * 5)) == "done"
    bounds = [0.25 * 2**k for k in range(5)]
    assert all(low / 2 <= wait <= low for wait, low in zip(waits, bounds, strict=True))
    assert len({wait / bound for wait, bound in zip(waits, bounds, strict=True)}) == 5


def test_it_never_waits_longer_than_half_a_minute_unasked(waits):
    run(failing(*[Fault("no")] * 15), attempts=20)
    assert max(waits) <= 30.0


def test_it_waits_as_long_as_it_is_asked_to(waits):
    run(failing(Fault("no", retry_after=7.0)))
    assert 7.0 <= waits[0] <= 7.25


def test_it_gives_up_at_once_when_asked_to_come_back_in_an_hour(waits):
    with pytest.raises(CallFailed, match="tried once, at last: the quota is used up"):
        run(failing(Fault("the quota is used up", retry_after=3600.0)))
    assert waits == []


def test_the_last_fault_is_what_is_told(waits):
    with pytest.raises(CallFailed, match="tried 3 times, at last: third"):
        run(failing(Fault("first"), Fault("second"), Fault("third")), attempts=3)
    assert len(waits) == 2


def test_what_is_no_fault_is_not_tried_again(waits):
    with pytest.raises(CallFailed, match="hopeless"):
        run(failing(CallFailed("hopeless")))
    assert waits == []


def test_retry_after_in_seconds_or_as_a_date():
    assert seconds_to_wait("12") == 12.0
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25.0 < seconds_to_wait(soon) <= 30.0
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize("text", [None, "", "soon", "-3", "nan", "inf", "1e999"])
def test_retry_after_that_says_nothing(text):
    assert seconds_to_wait(text) is None
