import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import hswarm.tiny
from hswarm.cli.app import app
from hswarm.errors import HswarmError


@pytest.fixture
def recipe(monkeypatch):
    """Replace the training, which takes long, by one that only reports."""

    def build(folder, report):
        for name in ("base", "friends"):
            for step in (1, 2):
                report(name, step, 2, 0.5)
        module.built = folder
        return folder / "tiny.yaml"

    module = SimpleNamespace(build=build, built=None, WORK={"base": 8, "friends": 8})
    monkeypatch.setitem(sys.modules, "hswarm.tiny.build", module)
    monkeypatch.setattr(hswarm.tiny, "build", module, raising=False)
    return module


def test_build_says_how_long_it_takes_and_reports(recipe, tmp_path):
    done = CliRunner().invoke(app, ["experts", "build", "tiny", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0
    assert recipe.built == tmp_path / "new"
    lines = done.stderr.splitlines()
    assert lines[0].endswith("on 2 cores.")
    assert lines[1].startswith("base: step 1 of 2, loss 0.500")
    assert lines[3].startswith("friends: step 1 of 2, loss 0.500")
    assert any(line.startswith("Done") and str(tmp_path / "new") in line for line in lines)
    assert f"--pool {tmp_path / 'new' / 'tiny.yaml'}" in lines[-1]


def test_an_interrupted_build_says_how_to_go_on(recipe):
    def build(folder, report):
        raise KeyboardInterrupt

    recipe.build = build
    done = CliRunner().invoke(app, ["experts", "build", "tiny"])
    assert done.exit_code == 130
    assert "hswarm experts build tiny --out tiny" in done.stderr


def test_there_is_no_recipe_for_others():
    done = CliRunner().invoke(app, ["experts", "build", "tinny"])
    assert isinstance(done.exception, HswarmError)
    assert "Did you mean tiny?" in done.exception.hint
