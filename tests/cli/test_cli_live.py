import math
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from hswarm.cli.console import can_animate, open_console
from hswarm.cli.live import View, draw_progress
from hswarm.config import RoleConfig, RunConfig, SearchConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import IterationEnded, Note, StepEnded, StepStarted
from hswarm.tasks.task import Example, Task
from hswarm.tracking.watcher import Beginning

FOLDER = Path("runs/gaia-text-20260131-120000")
SEARCH = SearchConfig(max_iterations=4, role=RoleConfig(order_rounds=1, edge_rounds=1))
CONFIG = RunConfig(task="gaia-text", search=SEARCH)


@pytest.fixture
def task():
    example = Example("dev-0000", "What is the hat's owner?", ("Ada",))
    return Task(
        name="gaia-text",
        title="gaia-text (bundled)",
        dev=(example,),
        test=(example,),
        scorer=lambda example, answer: 1.0,
        scorer_name="gaia",
        max_tokens=8,
        fingerprint="0",
        bundled=True,
    )


def log():
    return Console(file=StringIO(), width=80, markup=False, highlight=False, emoji=False)


def written(console):
    return console.file.getvalue().splitlines()


def begin(view, task, config=CONFIG):
    usage = Usage()
    view.begin(Beginning(FOLDER, task, config, 10, usage))
    view.progress.clock = lambda: view.progress._began + 10.0
    return usage


def play(view, usage):
    """A start, one iteration, and the beginning of the comparisons."""

    def step(iteration, kind, best, spread):
        view.observe(StepStarted(iteration, kind, systems=10, examples=150))
        usage.answered += 15_000
        usage.generated += 5_000
        usage.work.generated_tokens += 20_000
        view.observe(StepEnded(iteration, kind, (best, 0.1), best, spread))

    step(0, "start", 0.25, 3.0)
    step(0, "start", 0.3, 1.0)
    view.observe(IterationEnded(0, 4, 0.3, 0, 6))
    step(1, "role", 0.3, 2.5)
    view.observe(Note("Not scored: dev-0001: [out of memory]"))
    view.observe(Note("Not scored: dev-0001: [out of memory]"))
    step(1, "weight", 0.4, 0.75)
    step(1, "move", 0.4, math.nan)
    step(1, "move", 0.4, math.nan)
    view.observe(IterationEnded(1, 4, 0.4, 1, 6))


def test_without_a_terminal_every_step_is_a_line(task):
    console = log()
    with View(console, quiet=False) as view:
        usage = begin(view, task)
        play(view, usage)
        view.observe(StepStarted(0, "start", systems=10, examples=150))
        view.observe(StepStarted(0, "start", systems=5, examples=150))
    lines = [
        "iteration 0/4 · start · best 0.250 · spread 3.000 · "
        "15,000 answered = 5,000 generated + 10,000 saved · 2,000 tokens/s · "
        "0:10, at most about 1:30 of search left",
        "iteration 0/4 · start · best 0.300 · spread 1.000 · "
        "30,000 answered = 10,000 generated + 20,000 saved · 4,000 tokens/s · "
        "0:10, at most about 0:40 of search left",
        "iteration 1/4 · role-step · best 0.300 · spread 2.500 · "
        "45,000 answered = 15,000 generated + 30,000 saved · 6,000 tokens/s · "
        "0:10, at most about 0:30 of search left",
        "Not scored: dev-0001: [out of memory]",
        "iteration 1/4 · weight-step · best 0.400 · spread 0.750 · "
        "60,000 answered = 20,000 generated + 40,000 saved · 8,000 tokens/s · "
        "0:10, at most about 0:23 of search left",
        "iteration 1/4 · move-step · best 0.400 · "
        "75,000 answered = 25,000 generated + 50,000 saved · 10,000 tokens/s · "
        "0:10, at most about 0:19 of search left",
        "iteration 1/4 · move-step · best 0.400 · "
        "90,000 answered = 30,000 generated + 60,000 saved · 12,000 tokens/s · "
        "0:10, at most about 0:15 of search left",
        "nothing better for 1 iteration",
        "search over; comparing with single models, chains and stars",
    ]
    assert written(console) == [
        "gaia-text (bundled): synthetic data made for the tiny models, not the benchmark.",
        "gaia-text (bundled) with 10 models of tiny, heterogeneous, seed 0; "
        f"the run is in {FOLDER}",
        *lines,
    ]


def test_the_drawn_view_says_it_all_at_once(task, printed):
    view = View(log(), quiet=True)
    usage = begin(view, task)
    assert "start" in printed(draw_progress(view.progress))
    play(view, usage)
    view.observe(StepStarted(2, "role", systems=10, examples=150))
    usage.answered += 3_750
    assert printed(view.draw()) == (
        "iteration     2/4: role-step, 10 systems on 150 items, 25%\n"
        "              ━━━━━━━━━━━━━━━━╸\n"
        "best utility  0.400  ▁█\n"
        "swarm spread  2.500 graphs, 0.750 weights\n"
        "requests      93,750 answered = 30,000 generated + 63,750 saved by the memo\n"
        "speed         12,000 tokens/s\n"
        "time          0:10, at most about 0:14 of search left"
    )
    view.observe(StepStarted(0, "start", systems=10, examples=150))
    drawn = printed(view.draw())
    assert "search over; comparing with single models, chains and stars" in drawn
    assert "left" not in drawn


def test_before_the_models_are_there_the_view_says_so(printed):
    assert printed(View(log(), quiet=False).draw()) == "reading the task and the models …"


def test_quiet_says_nothing_but_notes(task):
    console = log()
    with View(console, quiet=True) as view:
        play(view, begin(view, task))
    assert written(console) == ["Not scored: dev-0001: [out of memory]"]
    assert view.folder == FOLDER


def test_real_data_is_not_called_bundled(task):
    from dataclasses import replace

    console = log()
    with View(console, quiet=False) as view:
        begin(view, replace(task, title="gaia-text (items.json)", bundled=False))
    assert len(written(console)) == 1
    assert "bundled" not in written(console)[0]


def test_a_terminal_is_redrawn_and_left_clean(task, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("TTY_INTERACTIVE", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system=None)
    with View(console, quiet=False) as view:
        assert view.style == "drawn"
        usage = begin(view, task)
        play(view, usage)
    output = console.file.getvalue()
    assert "swarm spread" in output
    assert "Not scored" in output
    after_last_drawing = output[output.rindex("of search left") :]
    assert "\x1b[2K" in after_last_drawing, "the drawing is erased"


def test_a_ci_log_is_not_drawn_over(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("TTY_INTERACTIVE", raising=False)
    monkeypatch.delenv("CI", raising=False)
    console = Console(file=StringIO(), force_terminal=True)
    assert can_animate(console)
    monkeypatch.setenv("CI", "true")
    assert not can_animate(console)


def test_text_is_printed_as_it_is(capsys):
    open_console().print("[bold]x[/bold] :smile:")
    assert capsys.readouterr().out == "[bold]x[/bold] :smile:\n"
