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
from hswarm.store.state import newest_state

EXPERTS = Path(__file__).parents[2] / "agents" / "tiny"
NAMES = ("friends", "homes", "jobs", "pets")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Four of the tiny experts, as files of one's own."""
    folder = tmp_path_factory.mktemp("pool")
    for name in (*NAMES, "base"):
        shutil.copytree(EXPERTS / name, folder / name)
    content = {"base": "base", "prompt": "chat", "experts": {name: name for name in NAMES}}
    (folder / "four.yaml").write_text(yaml.safe_dump(content))
    return folder / "four.yaml"


@pytest.fixture(scope="module")
def searched(pool, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "searched"
    hswarm.optimize(
        "gaia-text",
        pool=str(pool),
        method="model-swarms",
        limit=4,
        max_iterations=2,
        settings={"engine": {"threads": 1}, "search": {"weight": {"particles": 6}}},
        run=folder,
    )
    return folder


def go_on(folder):
    return resume(folder, Watch(), {"search": {"max_iterations": 3}})


@pytest.mark.parametrize("how", ["column", "paper"])
def test_a_run_goes_on_without_an_expert(searched, tmp_path, how):
    changed = remove_expert(searched, "jobs", how=how, out=tmp_path / "left")
    assert changed.experts == ("friends", "homes", "pets")
    result = go_on(tmp_path / "left")
    assert result.iterations == 3
    assert set(result.found.nodes[0].coefficients) <= {"friends", "homes", "pets"}
    lines = [json.loads(line) for line in (tmp_path / "left" / "journal.jsonl").open()]
    assert lines[0] == {"event": "left", "expert": "jobs", "how": how, "iteration": 2}


def test_after_the_column_went_the_weights_of_the_expert_make_no_difference(
    searched, pool, tmp_path
):
    results = []
    for fate in ("there", "changed", "gone"):
        remove_expert(searched, "jobs", out=tmp_path / fate)
        if fate == "changed":
            weights = pool.parent / "jobs" / "adapter_model.safetensors"
            content = bytearray(weights.read_bytes())
            content[-4000:] = bytes(4000)
            weights.write_bytes(content)
        elif fate == "gone":
            shutil.rmtree(pool.parent / "jobs")
        state = newest_state(tmp_path / fate).payload["search"]
        go_on(tmp_path / fate)
        results.append(
            (json.dumps(state, default=repr), (tmp_path / fate / "result.json").read_bytes())
        )
    shutil.copytree(EXPERTS / "jobs", pool.parent / "jobs")
    assert results[0] == results[1] == results[2]


def test_a_run_goes_on_with_one_expert_more(searched, tmp_path):
    changed = add_expert(searched, str(EXPERTS / "tools"), family=None, out=tmp_path / "more")
    assert changed.experts == (*NAMES, "tools")
    swarm = newest_state(tmp_path / "more").payload["search"]["weights"][0]
    before = newest_state(searched).payload["search"]["weights"][0]
    assert np.array(swarm["position"]).shape == (7, 5)
    assert np.delete(np.delete(swarm["position"], 4, 0), 4, 1).tolist() == before["position"]
    assert go_on(tmp_path / "more").iterations == 3


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
