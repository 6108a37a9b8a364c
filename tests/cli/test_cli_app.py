import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import hswarm
from hswarm.cli import app as cli
from hswarm.errors import HswarmError

COMMANDS = [
    [],
    ["optimize"],
    ["runs"],
    ["bench"],
    ["data"],
    ["data", "pull"],
    ["data", "import"],
    ["export"],
    ["verify"],
    ["ask"],
    ["serve"],
    ["show"],
    ["show", "tasks"],
    ["show", "agents"],
    ["show", "graphs"],
    ["show", "run"],
    ["experts"],
    ["experts", "build"],
]

LOADED = """
import sys
from hswarm.cli.app import main
sys.argv = ["hswarm", *sys.argv[1:], "--help"]
try:
    main()
finally:
    heavy = {"torch", "transformers", "peft", "numpy", "networkx", "matplotlib"}
    print("loaded:", *sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("command", [[], ["optimize"], ["verify"]])
def test_help_loads_nothing_heavy(command):
    environment = {**os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_by_example(command):
    shown = CliRunner().invoke(cli.app, [*command, "--help"], env={"TERMINAL_WIDTH": "80"})
    assert shown.exit_code == 0
    assert "hswarm " in shown.output
    assert "xample" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


def examples():
    group = typer.main.get_command(cli.app)
    groups = [group, *group.commands.values()]
    groups += [sub for command in groups[1:] for sub in getattr(command, "commands", {}).values()]
    for command in groups:
        for line in command.epilog.splitlines():
            _, found, text = line.partition("hswarm ")
            if found:
                yield text.split("   ")[0]


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_the_examples_are_commands(example):
    command, words = typer.main.get_command(cli.app), shlex.split(example)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("hswarm", words, resilient_parsing="--help" in words)


def test_version():
    shown = CliRunner().invoke(cli.app, ["--version"])
    assert shown.output == f"hswarm {hswarm.__version__}\n"


@pytest.mark.parametrize("arguments", [["optimise"], ["runs", "--frobnicate"], ["show", "run"]])
def test_what_is_no_command_or_option_exits_with_2(arguments):
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


def fail_with(error):
    def command():
        raise error

    return command


@pytest.fixture
def run_main(monkeypatch, capsys):
    """Run `hswarm` with an app that raises; return the exit code and stderr."""

    def run(error):
        monkeypatch.setattr(cli, "app", fail_with(error))
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr()

    return run


def test_what_the_user_can_mend_is_two_lines_on_stderr(run_main):
    code, output = run_main(HswarmError("No [such] task.", hint="Try another."))
    assert code == 2
    assert output.err == "error: No [such] task.\nhint: Try another.\n"
    assert output.out == ""


def test_what_a_terminal_would_obey_is_not_printed(run_main):
    _, output = run_main(HswarmError("A\x1b[2J\nB.", hint="C\rD."))
    assert output.err == "error: A\ufffd[2J\ufffdB.\nhint: C\ufffdD.\n"


def test_so_it_is_from_concurrent_calls(run_main):
    full = HswarmError("The disk is full.", hint="Make room.")
    grouped = ExceptionGroup("calls", [ExceptionGroup("nested", [full, full]), full])
    code, output = run_main(grouped)
    assert (code, output.err) == (2, "error: The disk is full.\nhint: Make room.\n")


def test_a_defect_is_not_hidden(monkeypatch):
    monkeypatch.setattr(cli, "app", fail_with(ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError, match="a defect"):
        cli.main()


def test_a_defect_in_a_command_shows_its_traceback_and_exits_with_1():
    script = (
        "import sys, hswarm.cli.records as records\n"
        "records.list_runs = lambda folder: 1 / 0\n"
        "sys.argv = ['hswarm', 'runs']\n"
        "from hswarm.cli.app import main\n"
        "main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "Traceback (most recent call last)" in done.stderr
