"""Runs side by side."""

import csv

import pytest
import yaml

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.report.compare import compare_runs, write_comparison
from hswarm.report.compared import grouped, open_compared
from hswarm.report.opened import open_run
from hswarm.report.recall import recall_singles


@pytest.fixture(scope="module")
def runs(making, made_up_run, tmp_path_factory):
    """A run, and others that differ from it in one thing each."""
    folder = tmp_path_factory.mktemp("others")
    options = {"max_iterations": 1}
    weaker = yaml.safe_load(find("agents", "tiny").read_text())
    tiny = read_pool(find("agents", "tiny")).families["tiny"]
    weaker |= {"name": "fewer", "base": tiny.base}
    weaker["experts"] = dict(list(tiny.experts.items())[:4])
    weaker |= {"descriptions": {}, "data": {}, "training": {}}
    (folder / "fewer.yaml").write_text(yaml.safe_dump(weaker))
    (folder / "twice.yaml").write_text(yaml.safe_dump(twice(weaker, tiny.experts)))
    return {
        "twice": making(folder / "twice", pool=str(folder / "twice.yaml"), **options),
        "plain": making(folder / "plain", **options),
        "seed": making(folder / "seed", seed=1, **options),
        "role-only": making(folder / "role-only", method="role-only", **options),
        "weight-only": making(folder / "weight-only", method="weight-only", **options),
        "sparse": making(folder / "sparse", search={"role": {"threshold": 0.3}}, **options),
        "dropped": making(folder / "dropped", search={"role": {"dropout": 1.0}}, **options),
        "fewer": making(folder / "fewer", pool=str(folder / "fewer.yaml"), **options),
    }


def twice(pool, experts):
    """A pool of two experts, each twice."""
    two = list(experts.items())[:2]
    return pool | {
        "name": "twice",
        "experts": {f"{name}{k}": folder for name, folder in two for k in (1, 2)},
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


def test_repeated_models_are_no_diversity(runs):
    told = sections(runs, "fewer", "twice")["pools"]
    rows = {r[0]: r for r in told.tables[0].rows}
    assert rows["twice"][2:5] == (4, 2, "2×2")
    shown = {figure.name for figure in told.figures}
    assert shown == {"pools-scaling", "pools-diversity"}  # as many models, fewer distinct ones


def test_the_weak_are_beside_the_strong(runs, making, tmp_path):
    """Pools without the best model, and without the better half, of a run that asked them all."""
    whole = runs["fewer"]
    alone = recall_singles(open_run(whole))
    ranked = sorted(alone, key=lambda name: (-alone[name], name))
    document = yaml.safe_load((whole / "config.yaml").read_text())
    pool = yaml.safe_load(find("agents", document["pool"]).read_text())
    folders = []
    for name, kept in (("best", ranked[1:]), ("half", ranked[2:])):
        experts = {key: pool["experts"][key] for key in pool["experts"] if key in kept}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(pool | {"experts": experts}))
        file = str(tmp_path / f"{name}.yaml")
        folders.append(making(tmp_path / name, pool=file, max_iterations=1))

    told = {s.name: s for s in compare_runs([whole, *folders])}["weak-to-strong"]

    strong = open_run(whole).result.best_single.test.utility
    rows = {row[0]: row for row in told.tables[0].rows}
    assert {name: row[1] for name, row in rows.items()} == {"best": "best", "half": "top half"}
    for name, folder in zip(("best", "half"), folders, strict=True):
        weak = open_run(folder).result.found.test.utility
        assert rows[name][2:] == (weak, strong, "yes" if weak > strong else "no")
    assert "Line: the strongest" in told.figures[0].caption


def test_baselines_are_runs_and_say_whether_it_is_consistent(runs, making, tmp_path):
    folders = [
        making(tmp_path / method, method=method, max_iterations=1)
        for method in ("uniform-soup", "best-single", "agent-prune")
    ]
    searches = [runs[name] for name in ("role-only", "weight-only")]
    told = {section.name: section for section in compare_runs([*searches, *folders])}
    (row,) = told["importance"].tables[0].rows
    utilities = {f.name: open_run(f).result.found.test.utility for f in folders}
    compared = {s.name: s.test.utility for s in open_run(searches[0]).result.compared}
    role = [utilities["agent-prune"], *(compared[f"best of 5 {s}s"] for s in ("chain", "star"))]
    assert row[1] == pytest.approx(sum(role) / 3)
    assert row[2] == utilities["uniform-soup"]  # best-single is of neither kind
    weight_matters = row[3] > row[4]
    assert row[6] == ("yes" if row[1] != row[2] and (row[2] > row[1]) == weight_matters else "no")


def test_it_is_written_as_a_page(runs, tmp_path):
    page = write_comparison(list(runs.values()), tmp_path / "out")
    assert page.name == "comparison.html"
    with (tmp_path / "out" / "comparison" / "runs.csv").open(newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == list(runs)


def test_one_run_is_no_comparison(runs):
    with pytest.raises(HswarmError, match="no comparison"):
        compare_runs([runs["plain"]])
