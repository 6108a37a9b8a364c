"""Experts that come and go in a run on the models that come with the package."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import hswarm
from hswarm.api import Watch, resume
from hswarm.cli.app import app
from hswarm.errors import HswarmError
from hswarm.modularity import add_expert, remove_expert
from hswarm.pipeline.export import export
from hswarm.report.opened import open_run
from hswarm.store.state import newest_state

EXPERTS = Path(__file__).parents[2] / "agents" / "tiny"
NAMES = ("friends", "homes", "jobs", "pets")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Four of the tiny experts, as files of one's own, of which all is said that a pool can."""
    folder = tmp_path_factory.mktemp("pool")
    for name in (*NAMES, "base"):
        shutil.copytree(EXPERTS / name, folder / name)
    content = {
        "base": "base",
        "prompt": "chat",
        "experts": {name: name for name in NAMES},
        "descriptions": {name: f"knows {name}" for name in NAMES},
        "data": {name: f"tiny:{name}" for name in NAMES},
        "training": {"experts": {name: {"steps": 4} for name in NAMES}},
    }
    (folder / "four.yaml").write_text(yaml.safe_dump(content))
    return folder / "four.yaml"


@pytest.fixture(scope="module")
def searched(pool, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "searched"
    hswarm.optimize(
        "nlgraph",
        pool=str(pool),
        method="model-swarms",
        limit=8,
        max_iterations=2,
        settings={
            "engine": {"threads": 1},
            "search": {"early_stop": True, "weight": {"particles": 6}},
        },
        run=folder,
    )
    return folder


def go_on(folder):
    return resume(folder, Watch(), {"search": {"max_iterations": 3}})


def test_items_that_can_change_nothing_are_not_run(searched):
    lines = [json.loads(line) for line in (searched / "journal.jsonl").open()]
    written = (searched / "result.json").read_bytes()
    result = json.loads(written)
    assert result["spared"] == sum(line.get("spared", 0) for line in lines) > 0
    (searched / "result.json").unlink()
    resume(searched, Watch())
    assert (searched / "result.json").read_bytes() == written


def test_a_run_goes_on_without_an_expert_s_pulls(searched, tmp_path):
    changed = remove_expert(searched, "jobs", how="paper", out=tmp_path / "left")
    assert changed.experts == ("friends", "homes", "pets")
    result = go_on(tmp_path / "left")
    assert result.iterations == 3
    assert set(result.found.nodes[0].coefficients) <= {"friends", "homes", "pets"}
    lines = [json.loads(line) for line in (tmp_path / "left" / "journal.jsonl").open()]
    assert lines[0] == {"event": "left", "expert": "jobs", "how": "paper", "iteration": 2}


def test_after_the_column_went_the_weights_of_the_expert_make_no_difference(
    searched, pool, tmp_path
):
    states, results = [], []
    for fate in ("there", "changed", "gone"):
        remove_expert(searched, "jobs", out=tmp_path / fate)
        states.append((tmp_path / fate / "state.json").read_bytes().replace(fate.encode(), b""))
        if fate == "changed":
            weights = pool.parent / "jobs" / "adapter_model.safetensors"
            content = bytearray(weights.read_bytes())
            content[-4000:] = bytes(4000)
            weights.write_bytes(content)
        elif fate == "gone":
            shutil.rmtree(pool.parent / "jobs")
        if fate != "there":
            go_on(tmp_path / fate)
            results.append((tmp_path / fate / "result.json").read_bytes())
    shutil.copytree(EXPERTS / "jobs", pool.parent / "jobs")
    assert states[0][80:] == states[1][80:] == states[2][80:]  # after the checksum
    assert results[0] == results[1]


def test_a_run_goes_on_with_one_expert_more(searched, tmp_path):
    changed = add_expert(searched, str(EXPERTS / "tools"), family=None, out=tmp_path / "more")
    assert changed.experts == (*NAMES, "tools")
    swarm = newest_state(tmp_path / "more").payload["search"]["weights"][0]
    before = newest_state(searched).payload["search"]["weights"][0]
    assert np.array(swarm["position"]).shape == (7, 5)
    assert np.delete(np.delete(swarm["position"], 4, 0), 4, 1).tolist() == before["position"]


def test_it_is_told_how_to_go_on_and_what_cannot_be(searched, tmp_path):
    out = str(tmp_path / "left")
    done = CliRunner().invoke(
        app, ["experts", "remove", str(searched), "pets", "--as", "paper", "--out", out]
    )
    assert done.exit_code == 0, done.output
    assert f"hswarm optimize --resume {out} --max-iterations 4" in done.stdout.replace("\n", " ")
    for arguments, said in (
        (["remove", str(searched), "pest"], "no expert in the run's pool 'pest'"),
        (["remove", str(searched), "pets", "--as", "column"], "one of two ways"),
        (["add", str(searched), f"jobs={EXPERTS / 'tools'}"], "a jobs in the run's pool already"),
        (["remove", out, "jobs", "--as", "paper"], "history cannot be rebuilt"),
    ):
        refused = CliRunner().invoke(app, ["experts", *arguments])
        assert isinstance(refused.exception, HswarmError)
        assert said in str(refused.exception)


@pytest.mark.parametrize("some", [{"keep": "2-4"}, {"diversity": "2x2"}])
def test_a_search_over_some_of_the_pool(pool, tmp_path, some):
    folder = tmp_path / "run"
    settings = {"engine": {"threads": 1}, "search": {**some, "role": {"nodes": 2, "moves": 0}}}
    result = hswarm.optimize(
        "nlgraph", pool=str(pool), limit=4, max_iterations=1, settings=settings, run=folder
    )
    first = json.loads((folder / "journal.jsonl").open().readline())
    assert first["event"] == "selected"
    names = {report.name: report for report in result.compared}
    if "keep" in some:
        withheld = NAMES[first["withheld"]]
        assert [node.agent for node in names["best single of all"].nodes] == [withheld]
        used = {name for node in result.found.nodes for name in node.coefficients}
        assert used <= set(NAMES) - {withheld}
    assert len(result.found.nodes) == 2
    opened = open_run(folder)
    assert len(opened.roster) == len(first["agents"])
    written = (folder / "result.json").read_bytes()
    (folder / "result.json").unlink()
    resume(folder, Watch())
    assert (folder / "result.json").read_bytes() == written
    export(folder, tmp_path / "pipeline")
