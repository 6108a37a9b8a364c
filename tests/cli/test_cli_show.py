"""`hswarm show` and `hswarm runs`."""

import pytest
from typer.testing import CliRunner

from hswarm.cli.app import app
from hswarm.config import RunConfig, SearchConfig
from hswarm.engines.request import Asker, Completion
from hswarm.engines.usage import Usage
from hswarm.errors import HswarmError
from hswarm.search.result import dump
from hswarm.store.run import Run

POOL = """\
description: Two experts on one base.
version: "3"
base: ./base
prompt: plain
experts:
  alice: ./alice
  bob: someone/bob@v2
descriptions:
  alice: sums
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def show(*arguments):
    shown = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(shown.exception, HswarmError):
        raise shown.exception
    assert shown.exit_code == 0, shown.output
    return shown


def finished(folder, result, **search):
    config = RunConfig(task="gaia-text", search=SearchConfig(**search))
    with Run.create(folder, config, {}) as run:
        run.save_state({}, utility=0.5)
        run.write_result(dump(result))


def test_tasks_in_one_line_each():
    output = show("show", "tasks").stdout
    for task in ("gaia-text", "gsm8k", "knowledge-crosswords", "nlgraph"):
        assert any(line.startswith(f"{task} ") for line in output.splitlines())


def test_a_task_with_an_item():
    output = show("show", "tasks", "gaia-text").stdout
    assert "gaia-text (bundled)" in output
    assert "synthetic data made for the tiny models, not the benchmark." in output
    assert "its context" in output
    assert output.endswith("Next:\n  hswarm optimize --task gaia-text\n")


def test_pools(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "pair.yaml").write_text(POOL)
    assert "Two experts on one base." in show("show", "agents").stdout
    output = show("show", "agents", "pair").stdout
    rows = [line.split() for line in output.splitlines()]
    assert ["version", "3"] in rows
    assert ["bob", "someone/bob@v2"] in rows
    alice = next(row for row in rows if row[:1] == ["alice"])
    assert alice[1] == "sums"
    assert output.endswith("  hswarm optimize --task gaia-text --pool pair\n")


def test_graphs_are_listed_and_drawn(tmp_path):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "pair.yaml").write_text(
        "name: pair\ndescription: One reads the other.\nedges: [[0, 1]]\n"
    )
    listed = show("show", "graphs").stdout
    assert "chain" in listed
    assert "One reads the other." in listed
    pair = show("show", "graphs", "pair").stdout
    assert pair.startswith("pair: One reads the other.\n")
    assert "agent 1" in pair
    assert "agent 2" not in pair
    assert "agent 4" in show("show", "graphs", "chain").stdout


def test_a_damaged_entry_does_not_hide_the_others(tmp_path):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "broken.yaml").write_text("name: [\n")
    shown = show("show", "graphs")
    assert "star" in shown.stdout
    assert "broken.yaml: line 2" in shown.stderr


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [("tasks", "gsm8", "gsm8k"), ("graphs", "chains", "chain"), ("agents", "par", "pair")],
)
def test_an_unknown_name_gets_the_nearest(tmp_path, kind, name, near):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "pair.yaml").write_text(POOL)
    with pytest.raises(HswarmError) as error:
        show("show", kind, name)
    assert f"Did you mean {near}?" in error.value.hint


def test_a_run_again_and_its_graph_as_a_picture(tmp_path, result):
    finished(tmp_path / "it", result)
    output = show("show", "run", "it").stdout
    assert "found system       0.640" in output
    assert "◀───●─╮" in output
    assert "The graph as a picture: it/graph.svg" in output
    assert "hswarm optimize --resume it --max-iterations 6\n" in output
    assert (tmp_path / "it" / "graph.svg").read_text().startswith("<svg")


def test_a_run_that_is_not_finished(tmp_path):
    with Run.create(tmp_path / "it", RunConfig(task="gaia-text"), {}) as run:
        run.save_state({}, utility=0.5)
        assert "running" in show("show", "run", "it").stdout
    output = show("show", "run", "it").stdout
    assert "interrupted" in output
    assert "0.500" in output
    assert output.endswith("Next:\n  hswarm optimize --resume it\n")
    assert not (tmp_path / "it" / "graph.svg").exists()


def test_no_run_is_said():
    with pytest.raises(HswarmError, match="There is no run in nowhere"):
        show("show", "run", "nowhere")


def test_runs_fit_into_80_columns(tmp_path, result):
    name = "knowledge-crosswords-20260131-120000"
    finished(tmp_path / "runs" / name, result, seed=4)
    with Run.create(tmp_path / "runs" / "begun", RunConfig(task="gaia-text"), {}):
        pass
    (tmp_path / "runs" / "no-run").mkdir()
    output = show("runs").stdout
    heading, *rows = output.split("\n\n")[0].splitlines()
    assert heading.split() == ["run", "method", "seed", "dev", "test", "status"]
    assert [row.split() for row in rows] == [
        [name, "heterogeneous", "4", "0.640", "0.612", "finished"],
        ["begun", "heterogeneous", "0", "–", "–", "interrupted"],
    ]
    assert output.endswith("Next:\n  hswarm show run runs/begun\n")


def test_a_damaged_run_does_not_hide_the_others(tmp_path, result):
    finished(tmp_path / "runs" / "good", result)
    finished(tmp_path / "runs" / "strange", result)
    (tmp_path / "runs" / "strange" / "result.json").write_text('{"task": "gaia-text"}\n')
    shown = show("runs")
    assert "good" in shown.stdout
    assert "strange/result.json" in shown.stderr


def test_without_runs_the_first_is_suggested():
    output = show("runs", "elsewhere").stdout
    assert "There are no runs in elsewhere." in output
    assert output.endswith("  hswarm optimize --task gaia-text\n")


def test_what_a_run_took_by_agent_and_node(tmp_path, result):
    finished(tmp_path / "one", result)
    usage = Usage()
    for agent, node, price in (("ann", 1, 0), ("far", 0, 1_230_000_000_000)):
        usage.generate(Asker(agent, node), Completion("x", 1000, 20, picodollars=price), 61.0)
        usage.answer(Asker(agent, node))
        usage.answer(Asker(agent, node))
    with Run.open(tmp_path / "one") as run:
        run.write_accounts({**usage.report(), "paid": 2.5})
    rows = [line.split() for line in show("show", "run", tmp_path / "one").stdout.splitlines()]
    assert ["ann", "2", "1", "1,000", "20", "1:01"] in rows
    assert ["far", "2", "1", "1,000", "20", "1:01", "$1.23"] in rows
    assert ["Paid", "in", "all,", "judges", "included:", "$2.50"] in rows
    assert ["in", "all", "4", "2", "2,000", "40", "2:02", "$1.23"] in rows
    assert rows.index(["1", "2", "1", "1,000", "20", "1:01"]) > rows.index(
        ["0", "2", "1", "1,000", "20", "1:01", "$1.23"]
    )


def test_a_pool_of_many_kinds(tmp_path):
    (tmp_path / "mixed.yaml").write_text(
        "families:\n"
        "  llama: {base: who/llama, prompt: chat, experts: {ann: who/ann}}\n"
        "  gemma: {base: who/gemma, prompt: plain, experts: {bob: who/bob}}\n"
        "remote: {far: {model: m-1, base_url: 'http://localhost:1/v1'}}\n"
        "descriptions: {far: knows all}\n"
    )
    rows = [line.split() for line in show("show", "agents", "mixed.yaml").stdout.splitlines()]
    for row in (["family", "llama"], ["family", "gemma"], ["bob", "who/bob"]):
        assert row in rows
    assert ["far", "knows", "all", "m-1", "at", "http://localhost:1/v1"] in rows
