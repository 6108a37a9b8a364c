"""Who follows a run is told what happens; a tracker in trouble is let go."""

import math

import pytest

from hswarm.config import RunConfig
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.search.events import IterationEnded, Note, StepEnded, StepStarted
from hswarm.tracking import trackers
from hswarm.tracking.numbers import numbers_told, settings_told
from hswarm.tracking.trackers import Careful, open_trackers

STEP = StepEnded(2, "role", (0.25, math.nan, 0.75), 0.8, math.nan)


class Failing:
    def __init__(self, at):
        self.at, self.seen = at, []

    def _see(self, what):
        self.seen.append(what)
        if what == self.at:
            raise OSError("no route to host.\nand a long story")

    def begin(self, beginning, /):
        self._see("begin")

    def observe(self, event, /):
        self._see("observe")

    def end(self, result, /):
        self._see("end")


def test_what_is_told_in_numbers():
    assert numbers_told(STEP, Usage()) == {"best": 0.8, "role/mean": 0.5, "role/max": 0.75}
    usage = Usage(answered=10, generated=4)
    told = numbers_told(IterationEnded(1, 3, 0.5, 2, 6), usage)
    assert told["best"] == 0.5
    assert told["stale"] == 2
    assert told["usage/answered"] == 10
    assert numbers_told(Note("hello"), usage) == {}
    assert numbers_told(StepStarted(0, "start", 1, 1), usage) == {}
    nothing = StepEnded(0, "start", (math.nan,), -math.inf, math.nan)
    assert numbers_told(nothing, usage) == {}


def test_settings_are_told_without_paths():
    config = RunConfig(
        task="/home/ada/secret/my-task.yaml",
        pool="/home/ada/pool.yaml",
        data="/home/ada/data.json",
        engine={"ray": "ray://ada:pass@host:1"},
    )
    told = settings_told(config)
    assert told["task"] == "my-task"
    assert told["pool"] == "pool"
    assert told["data"] == "data"
    assert told["engine.ray"] is True
    assert told["search.seed"] == 0
    assert told["search.role.shapes"].startswith("chain")
    assert "ada" not in str(told)


def test_a_tracker_that_fails_on_the_way_is_let_go_with_a_note():
    notes, failing = [], Failing("observe")
    careful = Careful("it", failing, notes.append)
    careful.begin(None)
    careful.observe(STEP)
    careful.observe(STEP)
    careful.end(None)
    assert failing.seen == ["begin", "observe"]
    assert notes == [Note("it tracks no more: no route to host")]


def test_a_tracker_that_cannot_begin_is_an_error():
    with pytest.raises(HswarmError, match="it cannot track this run: no route to host"):
        Careful("it", Failing("begin"), print).begin(None)


def test_a_missing_library_names_its_command(monkeypatch):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(HswarmError) as error:
        open_trackers(["wandb"], print)
    assert error.value.hint == "pip install 'hswarm[wandb]'"


def test_an_unknown_tracker_gets_the_nearest():
    with pytest.raises(HswarmError) as error:
        open_trackers(["wandbb"], print)
    assert "Did you mean wandb?" in error.value.hint
