"""Held-out items: who sees them, and that they have the last word."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.config import search_config
from hswarm.search.finalists import crown, hold_out
from hswarm.search.found import Found
from hswarm.search.loop import begin
from hswarm.tasks.task import Example

sys.path.insert(0, str(Path(__file__).parent))
from landscape import Landscape, make_setting


def items(count):
    return tuple(Example(str(k), f"item {k}", ("",)) for k in range(count))


@given(st.integers(1, 60), st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 2**32))
def test_dev_is_split_in_two_and_something_is_left_to_search_on(count, share, seed):
    searched, held = hold_out(items(count), share, seed)
    assert sorted(e.id for e in searched + held) == sorted(e.id for e in items(count))
    assert list(searched) == sorted(searched, key=lambda e: int(e.id))
    assert len(held) == min(round(share * count), count - 1)


def test_without_a_share_all_is_as_it_was():
    assert hold_out(items(5), 0.0, 0) == (items(5), ())


def begun(**changes):
    setting = make_setting(
        search_config("default", {"held": 0.2, "finalists": 3, **changes}), Landscape()
    )
    return setting, asyncio.run(begin(setting))


def scripted(setting, lucky, steady):
    """A scorer on which `lucky` is better by what was searched on, `steady` by all."""
    held = items(9)[3:]

    def score(example, answer):
        is_lucky = float(answer) >= 100
        return float(is_lucky) if int(example.id) < 3 else float(not is_lucky)

    class Engine(Landscape):
        async def _answer(self, request):
            done = await super()._answer(request)
            return replace(done, text="100" if request.model.row == lucky else "0")

    return replace(setting, held=held, scorer=score, engine=Engine())


def test_the_held_items_have_the_last_word():
    setting, state = begun()
    one, other = (
        replace(state.found.candidate, rows=((c, 1 - c, 0.0, 0.0),) * 4) for c in (1.0, 0.0)
    )
    setting = scripted(setting, one.rows[0], other.rows[0])
    finalists = (Found(one, 1.0, 1), Found(other, 0.0, 2))
    state = replace(state, found=finalists[0], finalists=finalists)

    assert asyncio.run(crown(state, setting)) == Found(other, 6 / 9, 2)
    assert asyncio.run(crown(state, replace(setting, held=()))) == finalists[0]
    assert asyncio.run(crown(replace(state, finalists=finalists[:1]), setting)) == finalists[0]


def test_what_cannot_be_scored_is_not_crowned():
    setting, state = begun()
    failing = replace(setting, held=items(9)[3:], engine=Landscape(failing="item"))
    assert len(state.finalists) == 3
    assert asyncio.run(crown(state, failing)) == state.found


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_all_items_cannot_be_held_out(share):
    with pytest.raises(Exception, match="held"):
        search_config("default", {"held": share})
