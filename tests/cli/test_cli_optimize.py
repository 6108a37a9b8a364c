"""`hswarm optimize` with the search itself replaced: what is asked of it, what is printed."""

import json
import sys
from pathlib import Path

import pytest
import typer

import hswarm.api
from hswarm.cli import app as cli
from hswarm.cli.optimize import SETTINGS
from hswarm.config import RunConfig, SearchConfig
from hswarm.search.events import IterationEnded, Note
from hswarm.search.result import Result, dump
from hswarm.store.run import Run
from hswarm.tasks.load import load_task

EXPERTS = range(10)
SERVED = """\
remote:
  one: {base_url: "http://127.0.0.1:9/v1", model: one}
  two: {base_url: "http://127.0.0.1:9/v1", model: two}
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def hswarm_main(monkeypatch, capsys):
    """Run the command line; return the exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["hswarm", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        return end.value.code or 0, output.out, output.err

    return run


@pytest.fixture
def started(monkeypatch, result):
    """Replace the search by one that finds `result` at once; collect what was asked of it."""
    asked = []

    def start(config, folder, watch):
        asked.append((config, folder))
        with Run.create(Path(folder or "runs/it"), config, {}) as run:
            watch.begun(run.folder, load_task(config.task, limit=1), EXPERTS)
            watch.observe(IterationEnded(0, 4, 0.5, 0, 6))
            watch.observe(Note("Not scored: dev-0001: no memory"))
            run.write_result(dump(result))
        return result

    monkeypatch.setattr(hswarm.api, "start", start)
    return asked


def test_the_result_goes_to_stdout_and_the_rest_to_stderr(hswarm_main, started):
    code, out, err = hswarm_main("optimize", "--task", "gaia-text")
    assert code == 0
    assert started == [(RunConfig(task="gaia-text"), None)]
    assert err.splitlines()[0] == (
        "gaia-text (bundled): synthetic data made for the tiny models, not the benchmark."
    )
    assert "the run is in runs/it" in err.splitlines()[1]
    assert "Not scored: dev-0001: no memory" in err
    assert "found system" in out
    assert out.endswith(
        "\nThe run is in runs/it\n"
        "\nNext:\n"
        "  hswarm show run runs/it\n"
        "  hswarm report runs/it\n"
        "  hswarm optimize --resume runs/it --max-iterations 6\n"
        "  hswarm optimize --config runs/it/config.yaml --seed 1\n"
        "  hswarm export runs/it --out my-pipeline\n"
    )


def test_the_optimizer_is_that_of_both_swarms(hswarm_main, started):
    code, _, _ = hswarm_main("optimize", "--task", "gaia-text", "--optimizer", "de")
    [(config, _)] = started
    assert code == 0
    assert config.search.role.optimizer == config.search.weight.optimizer == "de"


def test_an_optimizer_there_is_not(hswarm_main, started):
    code, _, err = hswarm_main("optimize", "--task", "gaia-text", "--optimizer", "cma")
    assert code == 2
    assert "Did you mean cma-es?" in err
    assert started == []


def test_every_option_reaches_its_setting(hswarm_main, started, tmp_path):
    code, _, err = hswarm_main(
        *("optimize", "--task", "gsm8k", "--pool", "mine.yaml", "--data", "d.json"),
        *("--limit", 5, "--method", "role-only", "--preset", "paper", "--seed", 3),
        *("--max-iterations", 7, "--max-tokens", 100, "--max-seconds", 2.5),
        *("--set", "search.role.top_p=0.25", "--set", "engine.batch_size=4"),
        *("--engine", "transformers", "--device", "cpu", "--dtype", "float32"),
        *("--run", "here"),
    )
    assert code == 0, err
    [(config, folder)] = started
    assert folder == Path("here")
    assert (config.task, config.pool, config.data, config.limit) == (
        "gsm8k",
        str(Path("mine.yaml").absolute()),
        str(Path("d.json").absolute()),
        5,
    )
    assert (config.search.method, config.search.seed) == ("role-only", 3)
    assert config.search.max_iterations == 7
    assert config.search.role.top_p == 0.25
    assert config.search.role.shapes == ()
    assert (config.budget.max_tokens, config.budget.max_seconds) == (100, 2.5)
    assert (config.engine.device, config.engine.dtype) == ("cpu", "float32")
    assert config.engine.batch_size == 4


def test_the_settings_of_a_run_can_be_used_for_another(hswarm_main, started):
    hswarm_main("optimize", "--task", "gsm8k", "--method", "role-only", "--max-tokens", 9)
    code, _, err = hswarm_main(
        *("optimize", "--config", "runs/it/config.yaml", "--seed", 1, "--run", "again")
    )
    assert code == 0, err
    first, second = (config for config, _ in started)
    assert second == first.model_copy(
        update={"search": first.search.model_copy(update={"seed": 1})}
    )


def test_json_prints_the_result_and_nothing_else(hswarm_main, started, result):
    code, out, _ = hswarm_main("optimize", "--task", "gaia-text", "--json")
    assert code == 0
    assert Result.model_validate(json.loads(out)) == result


def test_quiet_leaves_the_result_and_what_must_not_be_missed(hswarm_main, started):
    code, out, err = hswarm_main("optimize", "--task", "gaia-text", "--quiet")
    assert code == 0
    assert err == "Not scored: dev-0001: no memory\n"
    assert "Bundled: synthetic data" in out


def test_resume_passes_a_raised_budget_on(hswarm_main, monkeypatch, result):
    asked = []

    def resume(folder, watch, changes):
        asked.append((folder, changes))
        with Run.create(folder, RunConfig(task="gaia-text"), {}):
            watch.begun(folder, load_task("gaia-text", limit=1), EXPERTS)
        return result

    monkeypatch.setattr(hswarm.api, "resume", resume)
    code, out, err = hswarm_main(
        *("optimize", "--resume", "old", "--max-iterations", 20, "--max-tokens", 5, "--quiet")
    )
    assert code == 0, err
    assert asked == [(Path("old"), {"search": {"max_iterations": 20}, "budget": {"max_tokens": 5}})]
    assert "found system" in out


@pytest.mark.parametrize(
    "option",
    [
        ("--preset", "default"),
        ("--run", "elsewhere"),
        ("--config", "other.yaml"),
    ],
)
def test_a_resumed_run_is_no_other_run(hswarm_main, option):
    Path("other.yaml").write_text("search: {seed: 1}")
    code, _, err = hswarm_main("optimize", "--resume", "old", *option)
    assert code == 2
    assert f"{option[0]} cannot be given with --resume" in err
    assert "hint: With --resume its budget can be raised: --max-iterations" in err


@pytest.mark.parametrize(
    ("option", "difference"),
    [
        (("--task", "gsm8k"), "task: 'gaia-text' → 'gsm8k'"),
        (("--seed", 7), "search.seed: 0 → 7"),
        (("--set", "search.role.top_p=0.5"), "search.role.top_p: 0.0 → 0.5"),
        (("--max-iterations", 1), "search.max_iterations: 3 → 1"),
    ],
)
def test_a_resumed_run_keeps_its_settings(hswarm_main, option, difference):
    Run.create(Path("old"), RunConfig(task="gaia-text"), {}).close()
    code, _, err = hswarm_main("optimize", "--resume", "old", *option)
    assert code == 2
    assert f"begun with other settings: {difference}." in err


def test_ctrl_c_says_how_to_go_on(hswarm_main, monkeypatch):
    def start(config, folder, watch):
        with Run.create(Path("my runs/x"), config, {}) as run:
            watch.begun(run.folder, load_task(config.task, limit=1), EXPERTS)
            raise KeyboardInterrupt

    monkeypatch.setattr(hswarm.api, "start", start)
    code, out, err = hswarm_main("optimize", "--task", "gaia-text")
    assert code == 130
    assert out == ""
    assert err.endswith(
        "Interrupted. To go on where it stopped:\n  hswarm optimize --resume 'my runs/x'\n"
    )


def test_ctrl_c_before_there_is_a_run(hswarm_main, monkeypatch):
    def start(config, folder, watch):
        raise KeyboardInterrupt

    monkeypatch.setattr(hswarm.api, "start", start)
    code, _, err = hswarm_main("optimize", "--task", "gaia-text")
    assert code == 130
    assert err.endswith("Interrupted before the run began: there is nothing to resume.\n")


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ["--task", "gaia-txt"],
            "no task 'gaia-txt'",
            "Did you mean gaia-text or gaia-text-13-28?",
        ),
        (["--task", "gsm8k", "--pool", "minr"], "no pool 'minr'", "Did you mean mine?"),
        (
            ["--task", "gsm8k", "--method", "model-swarm"],
            "no method 'model-swarm'",
            "Did you mean model-swarms",
        ),
        (
            ["--task", "gsm8k", "--set", "search.method=x"],
            "no method 'x'",
            "There are: agent",
        ),
        (
            ["--task", "abstainqa", "--method", "prediction-merge"],
            "prediction-merge does not apply to this task",
            "gold answers",
        ),
        (
            ["--task", "gsm8k", "--pool", "served", "--method", "greedy-soup"],
            "no two models of the pool share a base",
            "hswarm show methods",
        ),
        (["--task", "gsm8k", "--preset", "papers"], "no preset 'papers'", "default, paper"),
        ([], "Which task?", "gaia-text"),
        (["--task", "gsm8k", "--limit", "0"], "50 or 50:200", "It is '0' now"),
        (["--task", "gsm8k", "--set", "search.rol.top_p=1"], "no key 'rol'", "role"),
        (["--task", "gsm8k", "--set", "frobnicate=1"], "no key 'frobnicate'", "search"),
        (["--task", "gsm8k", "--device", "abacus"], "no device 'abacus'", "auto or cpu"),
        (
            ["--task", "gsm8k", "--set", "search.weight.particles=3"],
            "has no room for 10 experts",
            "search.weight.particles",
        ),
        (
            ["--task", "gsm8k", "--set", "search.weight.particles=20"],
            "but 10 experts sit in a graph",
            "JFK-scores",
        ),
        (["--task", "gsm8k", "--set", "search.held=0.2"], "it takes both", "Change one"),
        (["--task", "gsm8k", "--set", "search.finalists=9"], "it takes both", "Change one"),
        (["--task", "gsm8k", "--set", "search.role.decodes=3"], "the same graph", "Change one"),
        (["--task", "gsm8k", "--engine", "vlm"], "engine.name", "'vlm'"),
        (["--task", "gsm8k", "--config", "none.yaml"], "none.yaml cannot be read", "path"),
        (["--task", "gsm8k", "--data", "none.json"], "none.json", ""),
        (["--resume", "nowhere"], "There is no run in nowhere", "hswarm runs"),
    ],
)
def test_bad_input_is_two_lines_and_leaves_nothing_behind(
    hswarm_main, tmp_path, arguments, error, hint
):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "mine.yaml").write_text("{}\n")
    (tmp_path / "agents" / "served.yaml").write_text(SERVED)
    code, out, err = hswarm_main("optimize", *arguments)
    first, second = err.splitlines()
    assert code == 2
    assert out == ""
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("hint: ")
    assert hint in second
    assert [entry.name for entry in tmp_path.iterdir()] == ["agents"]


def test_the_help_states_the_defaults_of_the_configuration():
    command = typer.main.get_command(cli.app).commands["optimize"]
    defaults = RunConfig(task="gaia-text", search=SearchConfig()).model_dump()
    for parameter in command.params:
        if parameter.name in SETTINGS and parameter.default is not None:
            for key in SETTINGS[parameter.name]:
                value = defaults
                for part in key.split("."):
                    value = value[part]
                assert parameter.default == value, parameter.name
