"""A sweep: every run by itself, interrupted or not; one memo; what each hyperparameter does."""

import csv
import json

import pytest

from hswarm.errors import HswarmError
from hswarm.sweep.config import SweepConfig, check_sweep
from hswarm.sweep.folder import SweepFolder
from hswarm.sweep.report import markdown, read_report, write_report
from hswarm.sweep.run import SweepWatch, run_sweep

SETTINGS = {
    "search": {
        "max_iterations": 2,
        "role": {"particles": 2, "moves": 1, "order_rounds": 1, "edge_rounds": 0},
        "weight": {"assignments": 2},
    }
}
GRID = {"inertia": (0.1, 0.3), "step_length": (0.2, 0.9)}


def config(**changes):
    asked = {
        "task": "knowledge-crosswords",
        "runs": 4,
        "grid": GRID,
        "limit": 4,
        "settings": SETTINGS,
        **changes,
    }
    return SweepConfig(**asked)


@pytest.fixture
def sweep(rule, tmp_path):
    def make(name="sweep", **changes):
        return SweepFolder.create(tmp_path / name, config(**changes))

    return make


def found(folder):
    return {run: (result.dev, result.test) for run, result in folder.results().items()}


def test_all_runs_are_done_and_tabled(sweep, rule):
    folder = sweep()
    told = []
    run_sweep(folder, SweepWatch(ended=lambda draw, came, done: told.append((draw.run, done))))
    assert told == [(0, 1), (1, 2), (2, 3), (3, 4)]
    report = read_report(folder)
    write_report(folder.path, report)
    assert sorted(row.run for row in report.rows) == [0, 1, 2, 3]
    assert [row.dev for row in report.rows] == sorted((r.dev for r in report.rows), reverse=True)
    rows = list(csv.DictReader((folder.path / "runs.csv").read_text().splitlines()))
    assert [row["run"] for row in rows] == ["0", "1", "2", "3"]
    assert float(rows[1]["dev"]) == folder.results()[1].dev
    content = json.loads((folder.path / "sweep.json").read_text())
    assert content["alone"] == sum(int(row["generated_tokens"]) for row in rows)
    assert (folder.path / "effects.svg").is_file()
    assert markdown(report).splitlines()[4].startswith("| inertia | 0.1 |")


def test_effects_are_means_over_the_runs_with_a_value(sweep, rule):
    folder = sweep()
    run_sweep(folder, SweepWatch())
    report = read_report(folder)
    drawn = folder.draws.drawn()
    for level in report.levels:
        scores = [
            result.dev
            for run, result in folder.results().items()
            if drawn[run][level.name] == level.value
        ]
        assert level.runs == len(scores)
        if scores:
            assert level.dev.mean == pytest.approx(sum(scores) / len(scores))
            assert (level.dev.interval is None) == (len(scores) == 1)
    assert sum(level.runs for level in report.levels if level.name == "inertia") == 4


def test_what_was_answered_for_one_run_is_not_asked_for_another(sweep, rule, tmp_path):
    """The share is of what the runs take when each has a memo of its own: that is asked here."""
    folder = sweep()
    run_sweep(folder, SweepWatch())
    together = rule.asked
    rule.asked = 0
    drawn = folder.draws.drawn()
    for run in range(4):
        grid = {name: (value,) for name, value in drawn[run].items()}
        run_sweep(sweep(f"alone-{run}", runs=1, grid=grid), SweepWatch())
    report = read_report(folder)
    assert (report.generated, report.alone) == (4 * together, 4 * rule.asked)
    assert 0.0 < report.share < 1.0


def test_interrupted_within_a_run_the_sweep_goes_on_and_finds_the_same(sweep, rule):
    whole = sweep("whole")
    run_sweep(whole, SweepWatch())
    broken = sweep("broken")
    events = []

    def stop(event):
        events.append(event)
        if len(events) == 12:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
        run_sweep(broken, SweepWatch(observe=stop))
    before = len(broken.results())
    assert before < 4
    again = SweepFolder.open(broken.path)
    begun = []
    run_sweep(again, SweepWatch(begun=lambda folder, runs, done: begun.append((runs, done))))
    assert begun == [(4, before)]
    assert found(again) == found(whole)
    assert read_report(again).rows == read_report(whole).rows


def test_a_second_one_on_the_same_folder_takes_what_the_first_has_not(sweep, rule):
    folder = sweep()
    runs = []

    def join(draw, usage):
        if not runs:
            runs.append(draw.run)
            other = SweepFolder.open(folder.path)
            run_sweep(other, SweepWatch(started=lambda draw, usage: runs.append(draw.run)))

    run_sweep(folder, SweepWatch(started=join))
    assert sorted(runs) == [0, 1, 2, 3]
    assert len(folder.results()) == 4


def test_a_failed_run_ends_no_other_and_can_be_done_again(sweep, rule):
    folder = sweep()
    rule.failing = RuntimeError("no memory")
    run_sweep(folder, SweepWatch())
    assert folder.failures() == dict.fromkeys(range(4), "RuntimeError: no memory")
    assert read_report(folder).rows == ()
    assert read_report(folder).share is None
    rule.failing = None
    run_sweep(SweepFolder.open(folder.path), SweepWatch())
    assert not folder.results()
    run_sweep(SweepFolder.open(folder.path, retry=True), SweepWatch())
    assert len(folder.results()) == 4
    assert not folder.failures()


def test_runs_can_be_raised_not_lowered(sweep, rule):
    folder = sweep(runs=1)
    run_sweep(folder, SweepWatch())
    first = found(folder)
    more = SweepFolder.open(folder.path, runs=2)
    run_sweep(more, SweepWatch())
    assert found(more)[0] == first[0]
    assert len(found(more)) == 2
    with pytest.raises(HswarmError, match="has 2 runs"):
        SweepFolder.open(folder.path, runs=1)


def test_a_sweep_has_a_folder_of_its_own(sweep, tmp_path):
    folder = sweep()
    with pytest.raises(HswarmError, match="already holds a sweep"):
        SweepFolder.create(folder.path, folder.config)
    with pytest.raises(HswarmError, match="There is no sweep in"):
        SweepFolder.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "gaia-txt"}, "no task 'gaia-txt'"),
        ({"pool": "nope"}, "no pool 'nope'"),
        ({"grid": {"search.role.top_q": (0.1,)}}, "top_q"),
        ({"grid": {"inertia": (0.1, 99.0)}}, "inertia"),
        ({"settings": {"search": {"method": "chain"}}}, "chain is no search"),
        ({"settings": {"budget": {"max_dollars": 1.0}}}, "no common purse"),
    ],
)
def test_what_no_run_could_be_done_with_is_refused(changes, said):
    with pytest.raises(HswarmError, match=said):
        check_sweep(config(**changes))
