"""Runs side by side."""

import csv

import pytest
import yaml

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.report.compare import compare_runs, write_comparison
from hswarm.report.compared import grouped, open_compared


@pytest.fixture(scope="module")
def runs(making, made_up_run, tmp_path_factory):
    """A run, and others that differ from it in one thing each."""
    folder = tmp_path_factory.mktemp("others")
    options = {"max_iterations": 1}
    weaker = yaml.safe_load(find("agents", "tiny").read_text())
    tiny = read_pool(find("agents", "tiny")).families["tiny"]
    weaker |= {"name": "fewer", "base": tiny.base}
    weaker["experts"] = dict(list(tiny.experts.items())[:4])
    weaker |= {"descriptions": {}, "data": {}}
    (folder / "fewer.yaml").write_text(yaml.safe_dump(weaker))
    return {
        "plain": making(folder / "plain", **options),
        "seed": making(folder / "seed", seed=1, **options),
        "role-only": making(folder / "role-only", method="role-only", **options),
        "weight-only": making(folder / "weight-only", method="weight-only", **options),
        "sparse": making(folder / "sparse", search={"role": {"threshold": 0.3}}, **options),
        "dropped": making(folder / "dropped", search={"role": {"dropout": 1.0}}, **options),
        "fewer": making(folder / "fewer", pool=str(folder / "fewer.yaml"), **options),
    }


def sections(runs, *names):
    return {section.name: section for section in compare_runs([runs[name] for name in names])}


def test_in_what_they_differ_is_found(runs):
    compared = open_compared([runs["plain"], runs["seed"], runs["sparse"]])
    assert list(compared[0].settings) == ["search.role.threshold", "search.seed"]
    assert [[r.name for r in group] for group in grouped(compared, "search.seed")] == [
        ["plain", "seed"]
    ]


def test_two_seeds(runs):
    told = sections(runs, "plain", "seed")
    assert list(told) == ["side-by-side", "tests", "seeds"]
    assert "search.seed" in told["side-by-side"].texts[0]
    (row,) = told["tests"].tables[0].rows
    assert row[0] == "seed"
    assert row[1] == 6  # the same items
    (row,) = told["seeds"].tables[0].rows
    assert row[3] <= row[2] <= row[4]


def test_methods_say_what_matters(runs):
    (row,) = sections(runs, "plain", "role-only", "weight-only")["importance"].tables[0].rows
    assert row[0] == "gaia-text (bundled)"
    assert row[2] is None  # there is no weight baseline, so nothing is said about consistency
    assert row[6] == ""


def test_sparsity_and_dropout_are_recognised(runs):
    told = sections(runs, "plain", "sparse", "dropped")
    plain, sparse = told["sparsity"].tables[0].rows
    assert (plain[1], plain[4]) == (0.0, 0.0)
    assert sparse[1] == 0.3
    rows = {row[0]: row for row in told["dropout"].tables[0].rows}
    assert rows["dropped"][1] == 1.0
    assert rows["dropped"][4] < rows["plain"][4]  # fewer steps were done


def test_a_smaller_pool_is_a_point_of_scaling(runs):
    rows = {r[0]: r for r in sections(runs, "plain", "fewer")["pools"].tables[0].rows}
    assert rows["plain"][2:5] == (10, 10, "10×1")
    assert rows["fewer"][2:5] == (4, 4, "4×1")


def test_it_is_written_as_a_page(runs, tmp_path):
    page = write_comparison(list(runs.values()), tmp_path / "out")
    assert page.name == "comparison.html"
    with (tmp_path / "out" / "comparison" / "runs.csv").open(newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == list(runs)


def test_one_run_is_no_comparison(runs):
    with pytest.raises(HswarmError, match="no comparison"):
        compare_runs([runs["plain"]])
