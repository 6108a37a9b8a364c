import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import hswarm.tiny
from hswarm.cli.app import app
from hswarm.errors import HswarmError
from hswarm.experts import supervised
from hswarm.making import plan, train


@pytest.fixture
def trained(monkeypatch):
    """Replace the training, which takes long, by one that only reports; collect the plans."""
    plans = []

    def train_pool(plan, report, *, device="auto"):
        for course in plan.courses:
            for step in (1, 2):
                report(course.name, step, 2, 0.5)
        plans.append(plan)
        return plan.file

    monkeypatch.setattr(train, "train_pool", train_pool)
    monkeypatch.setattr(supervised, "import_trl", lambda what: None)
    return plans


@pytest.fixture
def recipe(monkeypatch, trained):
    """Replace what trains the base, too."""

    def train_bases(folder, report):
        for step in (1, 2):
            report("base", step, 2, 0.5)

    def lay_out(folder):
        folder.mkdir()
        file = folder / "tiny.yaml"
        file.write_text(
            "{base: ./base, prompt: chat, experts: {friends: ./friends},"
            " data: {friends: 'tiny:friends'}, training: {steps: 2}}"
        )
        return file

    module = SimpleNamespace(lay_out=lay_out, train_bases=train_bases, work=lambda: {"base": 8.0})
    monkeypatch.setitem(sys.modules, "hswarm.tiny.build", module)
    monkeypatch.setattr(hswarm.tiny, "build", module, raising=False)
    return module


def test_build_says_how_long_it_takes_and_reports(recipe, tmp_path):
    done = CliRunner().invoke(app, ["experts", "build", "tiny", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0, done.exception
    lines = done.stderr.splitlines()
    assert lines[0].endswith("on 2 cores.")
    assert lines[1].startswith("base: step 1 of 2, loss 0.500")
    assert lines[3].startswith("friends: step 1 of 2, loss 0.500")
    assert any(line.startswith("Done") and str(tmp_path / "new") in line for line in lines)
    assert f"--pool {tmp_path / 'new' / 'tiny.yaml'}" in lines[-1]


def test_an_interrupted_build_says_how_to_go_on(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def train_bases(folder, report):
        raise KeyboardInterrupt

    recipe.train_bases = train_bases
    done = CliRunner().invoke(app, ["experts", "build", "tiny"])
    assert done.exit_code == 130
    assert "hswarm experts build tiny --out tiny" in done.stderr


def test_there_is_no_recipe_for_others():
    done = CliRunner().invoke(app, ["experts", "build", "tinny"])
    assert isinstance(done.exception, HswarmError)
    assert "Did you mean tiny?" in done.exception.hint


def test_train_says_whom_and_where_to(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["experts", "train", "mistral-7b-tulu"])
    assert done.exit_code == 0, done.exception
    assert done.stderr.startswith("Training 10: code_alpaca, cot, ")
    assert "code_alpaca: step 1 of 2, loss 0.500" in done.stderr
    (made,) = trained
    assert made.file == Path(tmp_path / "mistral-7b-tulu" / "mistral-7b-tulu.yaml")


def test_where_all_are_there_it_says_so(trained):
    done = CliRunner().invoke(app, ["experts", "train", str(plan.find("agents", "tiny"))])
    assert done.stderr.startswith("All experts are there.")


def test_without_trl_it_says_what_to_install_before_anything_is_trained(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(supervised, "import_module", missing)
    monkeypatch.chdir(tmp_path)
    for words in (["build", "tiny"], ["train", "tiny"]):
        done = CliRunner().invoke(app, ["experts", *words])
        assert isinstance(done.exception, HswarmError)
        assert done.exception.hint == "Install it: pip install 'hswarm[training]'"
    assert not list(tmp_path.iterdir())
