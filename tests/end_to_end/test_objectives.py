"""Model Swarms with every kind of objective, and between two found experts."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import hswarm
from hswarm.api import Watch, resume
from hswarm.cli.app import app
from hswarm.errors import HswarmError
from hswarm.modularity import remove_expert
from hswarm.search.result import Node
from hswarm.steering import between

EXPERTS = Path(__file__).parents[2] / "agents" / "tiny"
NAMES = ("friends", "homes", "jobs")
SETTINGS = {"engine": {"threads": 1}, "search": {"weight": {"step_length": 0.7}}}


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    for name in (*NAMES, "base"):
        shutil.copytree(EXPERTS / name, folder / name)
    content = {"base": "base", "prompt": "chat", "experts": {name: name for name in NAMES}}
    (folder / "three.yaml").write_text(yaml.safe_dump(content))
    return str(folder / "three.yaml")


def swarm(pool, folder, task="gaia-text", limit=3, **settings):
    return hswarm.optimize(
        task,
        pool=pool,
        method="model-swarms",
        limit=limit,
        max_iterations=2,
        settings={**SETTINGS, **settings},
        run=folder,
    )


UTILITIES = """
def longest(outputs):
    return float(max(len(output.answer) for output in outputs))

def brief(model, examples):
    return -float(sum(map(len, model(examples))))
"""


@pytest.fixture(scope="module")
def found(pool, tmp_path_factory):
    """Runs for two objectives that pull apart, each a function of the user's."""
    folder = tmp_path_factory.mktemp("objectives")
    (folder / "of_theirs.py").write_text(UTILITIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in ("longest", "brief"):
            scorer = {"name": "utility", "arguments": {"function": f"of_theirs:{name}"}}
            swarm(pool, folder / name, scorer=scorer)
        yield folder


def test_a_utility_of_the_user_s_is_what_is_searched_for(found):
    for name in ("longest", "brief"):
        result = json.loads((found / name / "result.json").read_text())
        lines = [json.loads(line) for line in (found / name / "journal.jsonl").open()]
        tried = [line["utility"] for line in lines if line["event"] == "evaluation"]
        assert result["found"]["dev"]["utility"] == max(tried)
        assert result["found"]["dev"]["interval"] is None
        assert result["compared"][0]["p_value"] is None
        assert result["selection"] is None


def test_its_items_are_shown_without_a_score(found):
    shown = CliRunner().invoke(app, ["show", "item", str(found / "brief"), "dev:0"])
    assert shown.exit_code == 0, shown.output
    assert "Through the graph" in shown.stdout


def test_between_two_found_experts(found, tmp_path):
    out = tmp_path / "between"
    done = CliRunner().invoke(
        app,
        ["blend", str(found / "longest"), str(found / "brief"), "--at", "0.3", "--out", str(out)],
    )
    assert done.exit_code == 0, done.output
    ends = [json.loads((found / n / "result.json").read_text()) for n in ("longest", "brief")]
    a, b = (end["found"]["nodes"][0]["coefficients"] for end in ends)
    result = json.loads((out / "result.json").read_text())
    mixed = result["found"]["nodes"][0]["coefficients"]
    for name in NAMES:
        expected = 0.7 * a.get(name, 0.0) + 0.3 * b.get(name, 0.0)
        assert mixed.get(name, 0.0) == pytest.approx(expected)
    names = [report["name"] for report in result["compared"]]
    assert names == ["longest", "brief"]
    assert result["compared"][0]["dev"]["utility"] == ends[0]["found"]["dev"]["utility"]
    shown = CliRunner().invoke(app, ["show", "run", str(out)])
    assert shown.exit_code == 0, shown.output
    exported = CliRunner().invoke(app, ["export", str(out), "--out", str(tmp_path / "pipe")])
    assert exported.exit_code == 0, exported.output

    written = (out / "result.json").read_bytes()
    with pytest.raises(HswarmError, match=r"is no search.*longest and .*brief"):
        resume(out, Watch(), {"search": {"max_iterations": 9}})
    with pytest.raises(HswarmError, match="is no search"):
        remove_expert(out, NAMES[0], out=tmp_path / "left")
    assert (out / "result.json").read_bytes() == written, "and what was measured is still there"


def test_at_its_ends_it_is_the_one_or_the_other():
    a = Node(agent="ann", coefficients={"ann": 1.0}, parents=())
    b = Node(agent="bob", coefficients={"ann": 0.25, "bob": 0.75}, parents=())
    assert between([a], [b], 0.0)[0].coefficients == {"ann": 1.0}
    assert between([a], [b], 1.0)[0].coefficients == {"ann": 0.25, "bob": 0.75}
    assert between([a], [b], 0.5)[0].coefficients == {"ann": 0.625, "bob": 0.375}


def test_nothing_is_between_different_graphs_or_others_than_experts():
    lone = Node(agent="ann", coefficients={"ann": 1.0}, parents=())
    far = Node(agent="far", coefficients={}, parents=())
    with pytest.raises(HswarmError, match="different graphs"):
        between([lone], [lone, lone.model_copy(update={"parents": (0,)})], 0.5)
    with pytest.raises(HswarmError, match="no blend"):
        between([lone], [far], 0.5)
    assert between([far], [far], 0.5) == (far,)


OBJECTIVES = {
    "single task": "nlgraph",
    "several tasks": "both.yaml",
    "reward": "rm",
    "verbose": "rm-verbose",
    "concise": "rm-concise",
    "judge": "agentbench-ltp",
}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_searched_for(objective, pool, tmp_path):
    (tmp_path / "both.yaml").write_text(
        "name: both\ntitle: Both\ncategory: multi-task\nmetric: harmonic mean\nmax_tokens: 24\n"
        "data: {parts: [nlgraph, knowledge-crosswords]}\nscorer: {name: harmonic-mean}\n"
    )
    name = OBJECTIVES[objective]
    task = str(tmp_path / name) if name.endswith(".yaml") else name
    result = swarm(pool, tmp_path / "run", task)
    lines = [json.loads(line) for line in (tmp_path / "run" / "journal.jsonl").open()]
    tried = [line["utility"] for line in lines if line["event"] == "evaluation"]
    items = {line["items"] for line in lines if line["event"] == "evaluation"}

    assert items == {6 if objective == "several tasks" else 3}
    assert not result.failures
    assert all(isinstance(utility, float) for utility in tried)
    saved = json.loads((tmp_path / "run" / "state.json").read_text())["state"]["payload"]
    assert saved["search"]["found"]["utility"] == max(tried)
    assert result.found.dev.utility == pytest.approx(max(tried))
