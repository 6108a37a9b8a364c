"""`hswarm sweep` and `hswarm show sweep`, typed."""

import sys

import pytest
import yaml

from hswarm.cli import app as cli

BRIEF = (
    *("--task", "knowledge-crosswords", "--limit", 3, "--max-iterations", 1),
    *("--set", "search.role.particles=2", "--set", "search.role.moves=0"),
)


@pytest.fixture
def typed(rule, monkeypatch, capsys):
    """Run the command line; return the exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "140")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["hswarm", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        return end.value.code or 0, output.out, output.err

    return run


def test_a_sweep_is_run_shown_and_gone_on_with(typed, tmp_path):
    grid = ("--grid", "inertia=0.1,0.3", "--grid", "search.role.top_p=0,0.8")
    code, out, err = typed("sweep", *BRIEF, *grid, "--runs", 3, "--out", "it")
    assert code == 0, err
    assert "3 runs; the sweep is in it" in err
    assert "3/3 · run 2: inertia" in err
    assert "3 of 3 runs are done" in out
    assert "% of the" in out
    assert out.rstrip().splitlines()[-1].startswith("  hswarm show run it/runs/000")
    settings = yaml.safe_load((tmp_path / "it" / "sweep.yaml").read_text())
    assert settings["grid"] == {"inertia": [0.1, 0.3], "search.role.top_p": [0, 0.8]}
    assert settings["settings"]["search"]["role"] == {"particles": 2, "moves": 0}
    code, again, _ = typed("show", "sweep", "it")
    assert (code, again) == (0, out)
    code, more, err = typed("sweep", "--resume", "it", "--runs", 4)
    assert code == 0
    assert "4 runs, 3 of them done already" in err
    assert "4 of 4 runs are done" in more
    assert (tmp_path / "it" / "effects.png").is_file()


def test_a_sweep_that_failed_says_how_to_do_it_again(typed, rule):
    rule.failing = RuntimeError("no memory")
    code, out, _ = typed("sweep", *BRIEF, "--runs", 1, "--out", "it")
    assert code == 1
    assert "Failed: run 0: RuntimeError: no memory" in out
    assert "hswarm sweep --resume it --retry" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Which task?"),
        (("--task", "gaia-txt"), "no task 'gaia-txt'"),
        (("--task", "nlgraph", "--sampler", "grid"), "sampler"),
        (("--task", "nlgraph", "--grid", "inertia"), "not KEY=A,B"),
        (("--task", "nlgraph", "--grid", "inertia=99"), "inertia"),
        (("--task", "nlgraph", "--retry"), "--retry goes with --resume"),
        (("--resume", "nowhere"), "There is no sweep in nowhere"),
        (("--resume", "it", "--seed", 3), "seed cannot be given with --resume"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(words, said, typed, tmp_path):
    code, _, err = typed("sweep", *words)
    assert (code, said in err) == (2, True), err
    assert not [path for path in tmp_path.iterdir() if path.name != "data"]
