from io import StringIO

import pytest
from rich.console import Console

from hswarm.cli.training import Training, TrainingView

WORK = {"base": 3000.0, "friends": 500.0, "homes": 500.0}


def test_time_left_counts_all_models_by_their_work():
    now = [0.0]
    training = Training(WORK, clock=lambda: now[0])
    assert training.report("base", 1, 300, 4.0)
    assert training.seconds_left() is None
    now[0] = 59.8
    assert not training.report("base", 299, 300, 1.0)
    assert training.report("base", 300, 300, 1.0)
    assert training.share_done() == 0.75
    assert training.seconds_left() == pytest.approx(20.0)
    assert training.report("friends", 1, 10, 2.0)


def test_what_was_there_already_costs_nothing():
    now = [0.0]
    training = Training(WORK, clock=lambda: now[0])
    training.report("friends", 1, 10, 2.0)
    now[0] = 9.0
    training.report("friends", 10, 10, 2.0)
    assert training.share_done() == pytest.approx(3500 / 4000)
    assert training.seconds_left() == pytest.approx(10.0)


def test_without_a_terminal_every_tenth_of_a_model_is_a_line():
    console = Console(file=StringIO(), width=80)
    with TrainingView(console, WORK) as view:
        for step in range(1, 1001):
            view.report("base", step, 1000, 1.0)
        view.report("friends", 1, 1000, 1.0)
    lines = console.file.getvalue().splitlines()
    assert lines[0] == "base: step 1 of 1,000, loss 1.000; time left not known yet"
    tenths = [f"base: step {k:,} of 1,000" for k in range(100, 1001, 100)]
    assert [line.partition(", loss")[0] for line in lines[1:11]] == tenths
    assert lines[11].startswith("friends: step 1 of 1,000, loss 1.000; about ")
    assert len(lines) == 12


def test_the_drawn_view(printed):
    view = TrainingView(Console(file=StringIO()), WORK)
    assert printed(view.draw()) == "preparing …"
    view.report("friends", 5, 10, 1.25)
    assert printed(view.draw()) == (
        "friends (2 of 3)                step 5 of 10, loss 1.250\n"
        "━━━━━━━━━━━━━━━━━━━━━━━━        time left not known yet"
    )
