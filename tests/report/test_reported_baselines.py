"""Reports of runs that have no swarms: baselines, whose systems are tried one by one."""

import csv

import pytest

from hswarm.analysis.dynamics import by_trial, read_dynamics
from hswarm.report.opened import open_run
from hswarm.report.recall import tell_item
from hswarm.report.write import write_report

ALWAYS = ["outcome", "graph", "course", "wording", "cost", "further"]


@pytest.fixture(scope="module")
def reports(making, tmp_path_factory):
    """By method, a run and its report."""
    folder = tmp_path_factory.mktemp("baselines")
    runs = {
        method: making(folder / method, method=method)
        for method in ("uniform-soup", "prediction-merge", "agent-prune", "model-stock")
    }
    return {method: (run, write_report(run).read_text()) for method, run in runs.items()}


def sections(html):
    return [part.partition('"')[0] for part in html.split('<section id="')[1:]]


def test_there_is_what_a_baseline_has(reports):
    shown = {method: sections(html) for method, (_, html) in reports.items()}
    alone, vote, graph = shown["uniform-soup"], shown["prediction-merge"], shown["agent-prune"]
    assert [name for name in alone if name not in ALWAYS] == ["composition"]
    assert [name for name in vote if name not in ALWAYS] == ["gain"]  # who answers is many
    assert [name for name in graph if name not in ALWAYS] == ["roles", "composition", "gain"]
    assert all(set(ALWAYS) <= set(names) for names in shown.values())


def test_a_model_alone_and_an_ensemble_say_who_they_are(reports):
    _, alone = reports["uniform-soup"]
    assert "the found system of 1 model scores" in alone
    assert "Nobody reads anybody" in alone
    assert "iterations" not in alone.partition("</header>")[0]
    run, vote = reports["prediction-merge"]
    assert "the found system of 10 models scores" in vote
    assert "plurality is 10 models that answer as one: friends, " in vote
    story = tell_item(open_run(run), "test:0", ask=False)
    assert story.found.known == 1
    assert all(single.known for single in story.singles.values())  # each was asked for its vote


def test_the_systems_are_shown_in_the_order_in_which_they_were_tried(reports):
    run, html = reports["agent-prune"]
    result = open_run(run).result
    with (run / "report" / "evaluations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"agent-prune tried {len(rows)} systems" in html
    assert (run / "report" / "dynamics.svg").exists()
    best = [float(row["best on dev"]) for row in rows]
    assert best == sorted(best)
    assert best[-1] == result.found.dev.utility
    assert f"It was chosen among {len(rows)} that were tried" in html


def test_what_could_not_be_scored_is_no_best():
    events = [
        {"event": "evaluation", "iteration": 0, "step": "baseline", "utility": utility, "items": 4}
        for utility in (None, 0.5, 0.25, None, 0.75)
    ]
    trials = by_trial(read_dynamics(events))
    assert trials.best[1:] == [0.5, 0.5, 0.5, 0.75]
    assert [k for k, _, _ in trials.evaluations] == [0, 1, 2, 3, 4]


def test_systems_tried_on_other_items_are_told_apart():
    tried = [("start", 4, 0.5), ("move", 1, 1.0), ("role", 4, 0.75), ("crown", 6, 0.9)]
    events = [
        {"event": "evaluation", "iteration": 0, "step": step, "utility": utility, "items": items}
        for step, items, utility in tried
    ]
    dynamics = read_dynamics(events)
    assert [utility for _, _, utility in dynamics.evaluations] == [0.5, 0.75]
    assert dynamics.sampled == 1


def test_held_items_are_said(making, tmp_path):
    run = making(tmp_path / "held", max_iterations=1, search={"held": 0.5, "finalists": 2})
    result = open_run(run).result
    html = write_report(run).read_text()
    assert f"{result.selection.held.utility:.3f} on the 3 that were held out of the search" in html
    assert f"on the {result.selection.searched.items} dev items" in html


def test_what_was_made_and_not_found_is_one_line_of_the_bill(reports):
    run, html = reports["model-stock"]
    with (run / "report" / "cost-by-agent.csv").open(newline="") as file:
        bills = {row["agent"]: int(row["requests"]) for row in csv.DictReader(file)}
    found = open_run(run).result.found.nodes[0].agent
    assert len(bills) == 10 + 2
    assert bills[found] > 0
    assert bills["2 others, made in the run"] > 0
    assert f"{found} was made in the run" in html
