"""A search over two architectures, a calculator and a model behind an API, all of them real.

The experts are random. The remote model writes down the sum that a question comes to; no one alone
can answer, and a graph in which the calculator reads the remote model can.
"""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from transformers import AutoTokenizer

import hswarm
from hswarm.agents.pool import read_pool
from hswarm.api import resume
from hswarm.catalog import find
from hswarm.engines import persistence
from hswarm.session import Watch
from hswarm.testing.loopback import Faults, Loopback
from hswarm.tiny.mixed import FAMILIES

sys.path.insert(0, str(Path(__file__).parent))
from random_families import make_family

SETTINGS = {"engine": {"threads": 1}}
TASK = {
    "name": "beads",
    "title": "Beads",
    "category": "reasoning",
    "citation": "none",
    "description": "Products, to be written down and worked out.",
    "data": {"generator": "gsm8k", "dev": 5, "test": 4},
    "scorer": {"name": "last-number"},
    "metric": "exact match",
    "max_tokens": 10,
}
PRICE = {"prompt": 0.25, "generated": 2.0}


def set_up(prompt, seed):
    """The remote model: it knows which sum it takes, and no more."""
    boxes, each = re.search(r"has (\d+) boxes with (\d+) beads", prompt).groups()
    return f"That is {boxes} * {each}, I think."


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the models and the data; `write_pool` adds the pool file."""
    root = tmp_path_factory.mktemp("mixed")
    tokenizer = AutoTokenizer.from_pretrained(find("agents", "tiny").parent / "tiny" / "base")
    for architecture, skills in FAMILIES.items():
        seed = sorted(FAMILIES).index(architecture)
        make_family(root / architecture, architecture, tokenizer, skills[:2], seed=seed, std=0.3)
    items = [
        {"question": f"Ada has {a} boxes with {b} beads each. How many?", "answer": str(a * b)}
        for a in (3, 4, 6)
        for b in (7, 8, 9)
    ]
    data = {"dataset": "beads", "dev": items[::2], "test": items[1::2]}
    (root / "data.json").write_text(json.dumps(data))
    (root / "beads.yaml").write_text(yaml.safe_dump(TASK))
    return root


def write_pool(place, server):
    families = {
        name: {"base": f"{name}/base", "prompt": "chat",
               "experts": {skill: f"{name}/{skill}" for skill in skills[:2]}}
        for name, skills in FAMILIES.items()
    }  # fmt: skip
    far = {"base_url": f"{server.url}/v1", "model": "m", "price": PRICE, "attempts": 16}
    content = {
        "families": families,
        "tools": {"calculator": {"kind": "calculator"}},
        "remote": {"served": far},
    }
    (place / "pool.yaml").write_text(yaml.safe_dump(content))


def run(place, name, **options):
    return hswarm.optimize(
        str(place / "beads.yaml"),
        pool=str(place / "pool.yaml"),
        data=str(place / "data.json"),
        run=place / name,
        **{"max_iterations": 2, "settings": SETTINGS, **options},
    )


@pytest.fixture(scope="module")
def finished(place):
    with Loopback(set_up) as server:
        write_pool(place, server)
        result = run(place, "calm")
        yield place, result, server


def test_the_found_graph_lets_the_calculator_read_the_remote_model(finished):
    _, result, _ = finished
    nodes = result.found.nodes
    assert result.found.dev.utility == result.found.test.utility == 1.0
    assert result.best_single.dev.utility < 0.5
    [calculator] = [node for node in nodes if node.agent == "calculator"]
    assert "served" in {nodes[parent].agent for parent in calculator.parents}


def test_weights_move_inside_each_family_and_nowhere_else(finished):
    place, result, _ = finished
    lines = [json.loads(line) for line in (place / "calm" / "journal.jsonl").open()]
    moved = [line["family"] for line in lines if line["event"] == "positions"]
    assert set(moved) == set(FAMILIES)
    for node in result.found.nodes:
        family = {name for name, skills in FAMILIES.items() if node.agent in skills}
        assert {e for name in family for e in FAMILIES[name]} >= set(node.coefficients)
        assert bool(node.coefficients) == bool(family)


def test_everybodys_account_is_exact(finished):
    place, result, server = finished
    accounts = json.loads((place / "calm" / "accounts.json").read_text())
    agents, nodes = accounts["agents"], accounts["nodes"]
    for key in ("answered", "generated", "prompt_tokens", "generated_tokens", "picodollars"):
        assert sum(entry[key] for entry in agents.values()) == accounts[key]
        assert sum(entry[key] for entry in nodes.values()) == accounts[key]
    assert result.total.generated == accounts["generated"]
    assert agents["served"]["generated"] == len(server.calls)
    assert agents["served"]["picodollars"] == accounts["picodollars"] > 0
    assert agents["calculator"]["answered"] > agents["calculator"]["generated"] > 0
    assert agents["calculator"]["generated_tokens"] == 0
    for account in (accounts, *agents.values(), *nodes.values()):
        assert account["memo_hits"] == account["answered"] - account["generated"]
        assert account["dollars"] == account["picodollars"] / 10**12
    assert accounts["seconds"] == pytest.approx(sum(e["seconds"] for e in nodes.values()))


def test_a_run_in_parts_and_through_faults_ends_the_same(finished, monkeypatch):
    place, result, server = finished
    monkeypatch.setattr(persistence, "_FIRST", 0.001)
    run(place, "parts", max_iterations=1)
    server.faults = Faults(0.3, ("server error", "reset", "truncated", "wrong type"))
    parts = resume(place / "parts", Watch(), {"search": {"max_iterations": 2}})
    server.faults = Faults()
    assert parts.found == result.found
    assert parts.search == result.search


def test_the_pool_that_comes_along_can_be_opened():
    pool = read_pool(find("agents", "mixed"))
    opened = pool.open()
    assert {family.name for family in opened.families} == set(FAMILIES)
    for family in opened.families:
        assert tuple(expert.name for expert in family.experts) == FAMILIES[family.name]
    assert set(pool.descriptions) == set(pool.agents)
    assert len(opened) == 8
