"""A run killed at any moment of its writing, and resumed, ends as if nothing had happened."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import hswarm

HERE = Path(__file__).parent


@pytest.fixture
def small_run(tmp_path):
    """Do one of the things that small_run.py can do; return what it saw."""

    def run(what):
        done = subprocess.run(
            [sys.executable, HERE / "small_run.py", what, tmp_path],
            env={**os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_killed_at_each_write_in_turn_the_result_is_the_same(small_run):
    *killed, untouched = small_run("every-write")
    assert len(killed) > 40
    assert all(outcome == untouched for outcome in killed)
    assert untouched["journal.jsonl"].count("\n") == 4


def test_killed_again_and_again_the_result_is_the_same(small_run):
    outcomes = small_run("again-and-again")
    lives = [outcome.pop("lives") for outcome in outcomes]
    assert max(lives) > 2
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_killed_at_any_time_every_file_is_whole(small_run):
    seen = small_run("any-time")
    assert len(seen) == 20
    for left in seen:
        # The journal agrees with the state and is ahead by less than one iteration.
        assert left["lines_of_state"] == 2 * left["done"]
        ahead = [[n // 2 + 1, n % 2 + 1] for n in range(len(left["lines"]))]
        assert left["lines"] == ahead
        assert 2 * left["done"] <= len(left["lines"]) <= 2 * left["done"] + 2
        # Answers are saved before the state that counts them.
        assert left["done"] <= left["remembered"] <= left["done"] + 1
    assert all(one["done"] <= other["done"] for one, other in pairwise(seen))
    assert seen[-1]["done"] > 0
