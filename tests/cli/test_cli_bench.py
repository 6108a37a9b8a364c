"""`hswarm bench` and `hswarm data`, typed."""

import json
import sys

import pytest

from hswarm.analysis.table import Measured, tabulate
from hswarm.bench import run as running
from hswarm.bench.config import cells_of
from hswarm.bench.report import show_cost
from hswarm.cli import app as cli
from hswarm.cli import company
from hswarm.cli.benched import show_grid


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Run the command line; return the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("HSWARM_DATA", str(tmp_path / "data"))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["hswarm", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        return end.value.code or 0, output.out, output.err

    return run


def some_grid(failed=None):
    rows = [
        Measured(
            "nlgraph", method, seed, "nlgraph (bundled)", "exact match", scores, ("",) * 4, 0.5, 9
        )
        for seed in range(2)
        for method, scores in (("chain", (1.0, 1.0, 1.0, 0.0)), ("star", (0.0, 1.0, 0.0, 0.0)))
    ]
    return tabulate(rows, failed or {}, tasks=["nlgraph"], methods=["chain", "star"], seeds=2)


@pytest.fixture
def benched(monkeypatch):
    """Replace what runs a bench; collect the settings it was given."""
    given = []

    def run_bench(folder, watch, *, threads=None):
        given.append((folder.config, folder.ended()))
        watch.begun(folder.path, [], 0)
        for cell in cells_of(folder.config):
            folder.write_failure(cell, "no memory")

    grid = some_grid({("nlgraph", "star", 1): "no memory"})
    monkeypatch.setattr(running, "run_bench", run_bench)
    monkeypatch.setattr(running, "write_table", lambda folder: grid)
    monkeypatch.setattr(company, "_cores", lambda: 1)
    return given


def test_what_is_typed_is_what_is_run_and_the_table_is_printed(typed, benched):
    code, out, err = typed(
        *("bench", "--tasks", "nlgraph, gsm8k", "--methods", "chain,star", "--seeds", 2),
        *("--max-iterations", 3, "--set", "search.role.top_p=0.8", "--out", "it"),
    )
    assert code == 0, err
    config, _ = benched[0]
    assert (config.tasks, config.methods, config.seeds) == (
        ("nlgraph", "gsm8k"),
        ("chain", "star"),
        2,
    )
    assert config.settings == {"search": {"role": {"top_p": 0.8}, "max_iterations": 3}}
    assert "0.750" in out
    assert "Failed: nlgraph · star · seed 1: no memory" in out
    assert out.endswith("Next:\n  hswarm bench --resume it --retry\n")


def test_a_bench_is_resumed_with_its_own_settings(typed, benched):
    typed("bench", "--preset", "quick", "--out", "it")
    config, _ = benched[0]
    code, out, _ = typed("bench", "--resume", "it")
    assert (code, benched[1]) == (0, (config, len(cells_of(config)))), out
    code, out, _ = typed("bench", "--resume", "it", "--retry", "--json")
    assert (code, benched[2]) == (0, (config, 0)), out
    assert json.loads(out)["tasks"] == ["nlgraph"]
    assert json.loads(out)["entries"][1]["failed"] == {"1": "no memory"}
    code, _, err = typed("bench", "--resume", "it", "--seeds", 3)
    assert (code, "seeds cannot be given with --resume" in err) == (2, True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--tasks", "gaia-txt"), "no task 'gaia-txt'"),
        (("--pool", "nope"), "no pool 'nope'"),
        (("--set", "search.nope=1"), "no key 'nope'"),
        (("--search-preset", "nope"), "no preset 'nope'"),
        (("--retry",), "--retry goes with --resume"),
    ],
)
def test_what_no_cell_could_be_run_with_is_refused_before_anything_is_written(
    asked, said, typed, benched, tmp_path
):
    code, _, err = typed("bench", "--tasks", "nlgraph", "--methods", "chain", *asked)
    assert (code, said in err) == (2, True), err
    assert not benched
    assert not list(tmp_path.iterdir())


def test_a_task_of_another_harness_is_looked_for_when_its_cells_are_run(typed, benched):
    code, _, err = typed("bench", "--tasks", "lm-eval:sums", "--methods", "chain", "--out", "it")
    assert code == 0, err
    assert benched[0][0].tasks == ("lm-eval:sums",)


def test_evaluations_are_a_budget_of_every_cell(typed, benched):
    typed("bench", "--preset", "quick", "--max-evaluations", 40, "--out", "it")
    assert benched[0][0].settings["budget"] == {"max_evaluations": 40}


def test_where_dollars_are_limited_one_process_counts_them(typed, benched, tmp_path):
    arguments = ("bench", "--preset", "quick", "--max-dollars", 1, "--out", "it")
    code, _, err = typed(*arguments, "--processes", 2)
    assert (code, "one process counts them" in err) == (2, True), err
    assert not benched
    assert not list(tmp_path.iterdir())
    assert typed(*arguments)[0] == 0
    code, _, err = typed("bench", "--resume", "it", "--processes", 2)
    assert (code, "one process counts them" in err) == (2, True), err


def test_where_not_one_cell_could_be_done_the_exit_code_tells(typed):
    arguments = ("bench", "--tasks", "gsm8k", "--methods", "chain,star", "--data", "hub")
    code, out, err = typed(*arguments, "--seeds", 2, "--out", "it")
    assert code == 1, err
    said = " ".join(out.split())
    assert said.count("is not on this machine") == 1
    assert "Failed: gsm8k · chain, star · seeds 0, 1: The data of gsm8k (hub)" in said


def test_without_tasks_it_says_what_to_name(typed):
    code, _, err = typed("bench", "--seeds", 3)
    assert code == 2
    assert "Which tasks and methods?" in err


def test_the_table_marks_the_best(printed):
    text = printed(show_grid(some_grid()))
    assert "nlgraph (bundled)" in text
    assert "0.250" in text


def test_the_table_says_what_each_method_cost(printed):
    grid = some_grid()
    text = printed(show_grid(grid))
    cost = show_cost(grid.entries["nlgraph", "chain"])

    assert cost == "0 / 9"
    assert text.count(cost) == 2
    assert "systems run on dev / tokens" in text


def test_data_that_cannot_be_pulled_is_said_and_the_exit_code_tells(typed):
    code, _, err = typed("data", "pull", "wow")
    assert code == 2
    assert "the authors publish no file of it" in err
    assert typed("data", "pull")[0] == 2
    assert typed("data", "pull", "gsm8k", "--source", "web")[0] == 2


def test_of_several_that_cannot_be_pulled_each_says_what_to_do(typed):
    code, _, err = typed("data", "pull", "wow", "calculator")
    assert code == 2
    assert "hswarm data import FILE --task wow" in err
    assert "hswarm data import FILE --task calculator" in err
    assert "error: 2 of 2 tasks could not be pulled." in err


def test_a_file_becomes_a_task(typed, tmp_path):
    (tmp_path / "my.csv").write_text("Q,A\n1+1?,2\n2+2?,4\n")
    arguments = ("data", "import", "my.csv", "--question", "Q", "--answer", "A")
    code, out, err = typed(*arguments, "--name", "mine", "--scorer", "last-number")
    assert code == 0, err
    assert "The task is tasks/mine.yaml" in out
    code, out, _ = typed("show", "tasks", "mine")
    assert "mine (mine.json)" in out
    assert typed(*arguments)[0] == 2
    code, out, _ = typed(*arguments, "--task", "gsm8k")
    assert out.endswith("hswarm optimize --task gsm8k --data imported\n")


def test_every_task_is_listed_with_its_sources(typed):
    code, out, err = typed("show", "tasks")
    assert (code, err) == (0, "")
    gsm8k = next(line for line in out.splitlines() if line.startswith("gsm8k "))
    assert "bundled*, authors, hub" in gsm8k
    assert "200 + 1000" in gsm8k
    assert len([line for line in out.splitlines() if line and line[0].islower()]) >= 50


def test_a_task_whose_data_is_elsewhere_says_how_to_get_it(typed):
    code, out, _ = typed("show", "tasks", "rm")
    assert "The table counts AlpacaFarm" in " ".join(out.split())
    assert typed("show", "task", "rm")[1] == out
    code, out, _ = typed("show", "tasks", "com2")
    assert code == 0
    assert "317 dev, 1000 test." in out
    assert out.endswith("Next:\n  hswarm data pull com2\n")
