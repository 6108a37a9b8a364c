"""Whoever takes a run of a sweep gets one of its own, whatever becomes of the others."""

import signal
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from hswarm.sweep.config import PAPERS, SweepConfig, draw, run_config
from hswarm.sweep.draws import Draws

GRID = {"inertia": (0.1, 0.2), "search.role.top_p": (0.0, 0.3, 0.8)}


def opened(folder, **changes):
    draws = Draws(folder, SweepConfig(task="nlgraph", runs=3, grid=GRID, **changes))
    draws.fill()
    return draws


def killed(draw):
    """What is left of a process that is killed: the system takes its locks back."""
    draw.lock.release()


def test_draws_are_the_same_whoever_asks_and_spread_over_the_grid():
    config = SweepConfig(task="nlgraph")
    drawn = [draw(config, run) for run in range(300)]
    assert drawn == [draw(config, run) for run in range(300)]
    assert drawn != [draw(config.model_copy(update={"seed": 1}), run) for run in range(300)]
    for name, values in PAPERS.items():
        counts = Counter(values_drawn[name] for values_drawn in drawn)
        assert set(counts) == set(values)
        assert min(counts.values()) > 0.5 * 300 / len(values)


def test_what_is_drawn_is_what_both_swarms_get():
    made = run_config(
        SweepConfig(task="nlgraph", settings={"search": {"role": {"moves": 1}}}),
        {"inertia": 0.3, "step_length": 0.9, "search.role.top_p": 0.8},
    ).search
    assert (made.role.inertia, made.weight.inertia) == (0.3, 0.3)
    assert (made.role.step_length, made.weight.step_length) == (0.9, 0.9)
    assert (made.role.top_p, made.role.moves, made.role.repel) == (0.8, 1, 0.05)


def test_every_run_is_somebodys_once(tmp_path):
    one, other = opened(tmp_path), opened(tmp_path)
    taken = [one.take(), other.take(), one.take()]
    assert sorted(draw.run for draw in taken) == [0, 1, 2]
    assert one.take() is None
    assert other.take() is None
    config = SweepConfig(task="nlgraph", runs=3, grid=GRID)
    assert all(taken_one.values == draw(config, taken_one.run) for taken_one in taken)


def test_what_a_dead_process_left_is_taken_again_with_the_same_values(tmp_path):
    one = opened(tmp_path)
    lost = one.take()
    killed(lost)
    again = opened(tmp_path).take()
    assert (again.run, again.values) == (lost.run, lost.values)


def test_one_that_was_killed_before_it_drew_is_drawn_again(tmp_path):
    one = opened(tmp_path, sampler="tpe")
    trial = one._study.ask()
    other = opened(tmp_path, sampler="tpe")
    runs = {}
    while (taken := other.take()) is not None:
        runs[taken.run] = taken.values
    assert sorted(runs) == [0, 1, 2]
    assert trial.user_attrs["run"] in runs
    assert all(values["inertia"] in GRID["inertia"] for values in runs.values())


def test_a_killed_process_loses_nothing(tmp_path):
    opened(tmp_path)
    script = (
        "import sys, time; from pathlib import Path\n"
        "from hswarm.sweep.config import SweepConfig; from hswarm.sweep.draws import Draws\n"
        f"config = SweepConfig(task='nlgraph', runs=3, grid={GRID!r})\n"
        f"print(Draws(Path({str(tmp_path)!r}), config).take().run, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        run = int(process.stdout.readline())
        draws = opened(tmp_path)
        others = [draws.take(), draws.take()]
        assert draws.take() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run not in {draw.run for draw in others}
    assert draws.take().run == run


def test_failed_runs_are_done_again_only_if_asked(tmp_path):
    draws = opened(tmp_path)
    first = draws.take()
    draws.tell(first, None)
    draws.tell(draws.take(), 0.5)
    assert draws.done() == 2
    draws.fill()
    assert draws.take().run == 2
    assert draws.take() is None
    draws.fill(retry=True)
    again = draws.take()
    assert (again.run, again.values) == (first.run, first.values)
    assert draws.done() == 1


def test_more_runs_leave_those_that_were_drawn(tmp_path):
    few = opened(tmp_path)
    drawn = [few.take() for _ in range(3)]
    for one in drawn:
        few.tell(one, 0.1)
    many = Draws(tmp_path, SweepConfig(task="nlgraph", runs=5, grid=GRID))
    many.fill()
    assert sorted(many.take().run for _ in range(2)) == [3, 4]
    assert many.take() is None


def test_tpe_learns_from_what_is_done(tmp_path):
    config = SweepConfig(
        task="nlgraph", runs=60, sampler="tpe", grid={"inertia": (0.1, 0.2, 0.3, 0.4)}
    )
    draws = Draws(tmp_path, config)
    draws.fill()
    taken = []
    while (one := draws.take()) is not None:
        taken.append(one.values["inertia"])
        draws.tell(one, 1.0 if taken[-1] == 0.3 else 0.0)
    assert taken[30:].count(0.3) > 15  # by chance 7.5


def test_without_optuna_it_says_what_to_install(monkeypatch, tmp_path):
    from hswarm.errors import HswarmError
    from hswarm.sweep import draws

    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(draws, "import_module", missing)
    with pytest.raises(HswarmError, match="kept by Optuna") as caught:
        opened(tmp_path)
    assert caught.value.hint == "pip install 'hswarm[optimizers]'"
    assert not list(tmp_path.iterdir())


def test_a_run_in_words():
    named = SimpleNamespace(run=3, values={"inertia": 0.1, "search.role.top_p": 0.3})
    from hswarm.sweep.draws import Draw

    assert Draw.name.fget(named) == "run 3: inertia 0.1, top_p 0.3"
