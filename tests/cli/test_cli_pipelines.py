"""`hswarm export`, `verify` and `ask`."""

import json

import pytest
from typer.testing import CliRunner

from hswarm.cli.app import app
from hswarm.errors import HswarmError


def type_(*arguments):
    shown = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(shown.exception, HswarmError):
        raise shown.exception
    assert shown.exit_code == 0, shown.output
    return shown


def test_export_says_what_it_wrote_and_what_comes_next(finished_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = type_("export", finished_run, "--out", "my-pipeline").stdout

    assert "2 golden answers" in said
    assert "2 of 2 answers that the run recorded came out the same" in said
    assert "base included" in said
    assert "  hswarm verify my-pipeline\n" in said


def test_a_base_that_is_left_out_is_named(mixed_run, tmp_path):
    options = ("--no-inline-base", "--to", "vllm")
    said = type_("export", mixed_run, "--out", tmp_path / "out", *options).stdout

    assert "base /" in said
    assert f"For vllm: {tmp_path}/out_vllm.sh\n" in said
    assert "recorded" not in said  # the run never evaluated this system


def test_verify_says_what_it_checked(exported):
    said = type_("verify", exported, "--threads", "1").stdout

    assert "4 nodes, 3 adapters; all 2 golden answers came out the same" in said


def test_ask_prints_the_answer_alone_and_the_way_to_it_beside(exported):
    chunk = ["--chunk", "bell's owner is Dirk."]
    shown = type_("ask", exported, "What is the bell's owner's city?", *chunk, "--threads", "1")

    assert len(shown.stdout.splitlines()) == 1
    headings = [line for line in shown.stderr.splitlines() if not line.startswith(" ")]
    assert headings == ["1 friends", "3 jobs", "0 jobs  reads 1 friends, 3 jobs",
                        "2 homes  reads 0 jobs, 1 friends"]  # fmt: skip
    assert shown.stderr.splitlines()[-1].strip() == shown.stdout.strip()


def test_ask_as_json_has_every_turn(exported):
    answered = json.loads(type_("ask", exported, "Who?", "--json", "--threads", "1").stdout)

    assert [turn["agent"] for turn in answered["turns"]] == ["jobs", "friends", "homes", "jobs"]
    assert answered["turns"][2]["completion"]["text"] == answered["answer"]


def test_a_question_that_is_too_long_is_an_error(exported):
    with pytest.raises(HswarmError, match="cannot answer that: the prompt has"):
        type_("ask", exported, "word " * 5000, "--threads", "1")
