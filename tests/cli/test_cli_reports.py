"""`hswarm report`, `compare` and `show item`."""

import pytest
from typer.testing import CliRunner

from hswarm.cli.app import app
from hswarm.errors import HswarmError


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def typed(*words):
    shown = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(shown.exception, HswarmError):
        raise shown.exception
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_a_report_is_written_and_said_where(finished_run, tmp_path):
    said = typed("report", finished_run, "--out", tmp_path)
    assert f"The report: {tmp_path}/report.html" in said
    assert (tmp_path / "report" / "systems.csv").exists()
    assert f"hswarm report {finished_run} --ask" in said


def test_an_item_through_the_graph(finished_run):
    said = typed("show", "item", finished_run, "dev:0")
    assert "of gaia-text (bundled)" in said
    assert "its answer" in said
    assert "Please answer the following question." in said
    assert said.count("is given") == 10
    assert "The single models" in said
    assert "not asked" not in said
    test = typed("show", "item", finished_run, "test:0")
    assert "not asked" in test  # of the single models only the best is
    assert f"hswarm show item {finished_run} test:0 --ask" in test


def test_a_comparison_is_printed_or_written(finished_run, mixed_run, tmp_path):
    said = typed("compare", finished_run, finished_run)
    assert "Side by side" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["seed", "0", "0"] in rows  # a column per run
    many = typed("compare", *[finished_run] * 6)
    assert [line.split() for line in many.splitlines()].count(["seed", "0"]) == 0
    seeds = [line.split() for line in many.splitlines() if line.startswith("seed")]
    assert sum(len(row) - 1 for row in seeds) == 6  # in rows below, where they do not fit
    assert "…" not in many
    written = typed("compare", finished_run, finished_run, "--out", tmp_path)
    assert f"The comparison: {tmp_path}/comparison.html" in written


@pytest.mark.parametrize("axes", ["friends", "friends,", ","])
def test_axes_are_two(finished_run, axes):
    with pytest.raises(HswarmError, match="that is not A,B"):
        typed("report", finished_run, "--axes", axes)
