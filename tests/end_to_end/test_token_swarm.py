"""A token swarm over two architectures with two tokenizers: searched, resumed, exported, served.

The experts are random, and so is what is looked for: a number that the answers hash to.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import httpx2
import pytest
import uvicorn
import yaml
from transformers import AutoTokenizer
from typer.testing import CliRunner

import hswarm
from hswarm.api import resume
from hswarm.catalog import find
from hswarm.cli.app import app
from hswarm.config import EngineConfig
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.modularity import add_expert, remove_expert
from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.export import export
from hswarm.pipeline.folder import write_sums
from hswarm.pipeline.targets.target import write_targets
from hswarm.pipeline.verify import verify
from hswarm.report.opened import open_run
from hswarm.report.write import write_report
from hswarm.serve.app import create_app
from hswarm.serve.limits import Limits
from hswarm.session import Watch
from hswarm.store.state import newest_state
from hswarm.tiny.tokenizer import build_tokenizer

sys.path.insert(0, str(Path(__file__).parent))
from random_families import make_family

EXPERTS = {"llama": ("ann", "bob"), "gemma": ("cat", "dan")}
NAMES = [name for names in EXPERTS.values() for name in names]
TASK = {
    "name": "beads",
    "title": "Beads",
    "category": "reasoning",
    "citation": "none",
    "description": "Products.",
    "data": {"generator": "gsm8k", "dev": 3, "test": 3},
    "scorer": {"name": "last-number"},
    "metric": "exact match",
    "max_tokens": 8,
}
UTILITY = """
import hashlib

def luck(outputs):
    said = " / ".join(output.answer for output in outputs)
    return int(hashlib.sha256(said.encode()).hexdigest()[:8], 16) / 16**8
"""
SETTINGS = {
    "engine": {"threads": 1},
    "search": {"weight": {"particles": 6, "step_length": 0.7}},
    "scorer": {"name": "utility", "arguments": {"function": "by_luck:luck"}},
}
QUESTION = "Ada has 3 boxes with 7 beads each. How many?"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("token-swarm")
    tiny = AutoTokenizer.from_pretrained(find("agents", "tiny").parent / "tiny" / "base")
    own = build_tokenizer([f"{QUESTION} Ada has {k} beads and {k} boxes." for k in range(60)])
    for seed, (name, tokenizer) in enumerate((("gemma", own), ("llama", tiny))):
        experts = (*EXPERTS[name], f"{name}-late")
        make_family(root / name, name, tokenizer, experts, seed=seed, std=0.5)
    families = {
        name: {"base": f"{name}/base", "prompt": "chat",
               "experts": {expert: f"{name}/{expert}" for expert in experts}}
        for name, experts in EXPERTS.items()
    }  # fmt: skip
    pool = {"mix": "tokens", "families": families}
    (root / "pool.yaml").write_text(yaml.safe_dump(pool, sort_keys=False))
    items = [
        {"question": QUESTION.replace("3", str(a)).replace("7", str(b)), "answer": str(a * b)}
        for a in (3, 4, 6)
        for b in (7, 8)
    ]
    data = {"dataset": "beads", "dev": items[::2], "test": items[1::2]}
    (root / "data.json").write_text(json.dumps(data))
    (root / "beads.yaml").write_text(yaml.safe_dump(TASK))
    (root / "by_luck.py").write_text(UTILITY)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        yield root


def search(place, name, **options):
    return hswarm.optimize(
        str(place / "beads.yaml"),
        pool=str(place / "pool.yaml"),
        data=str(place / "data.json"),
        run=place / name,
        **{"method": "model-swarms", "max_iterations": 2, "settings": SETTINGS, **options},
    )


@pytest.fixture(scope="module")
def searched(place):
    return search(place, "run")


@pytest.fixture(scope="module")
def exported(place, searched):
    export(place / "run", place / "my-pipeline")
    return place / "my-pipeline"


def test_one_swarm_has_the_experts_of_both_bases(place, searched):
    lines = [json.loads(line) for line in (place / "run" / "journal.jsonl").open()]
    moved = [line for line in lines if line["event"] == "positions"]
    assert {line["family"] for line in moved} == {""}
    assert all(len(row) == len(NAMES) for line in moved for row in line["rows"])
    [node] = searched.found.nodes
    assert {"ann", "bob"} & set(node.coefficients)
    assert {"cat", "dan"} & set(node.coefficients)
    assert sum(node.coefficients.values()) == pytest.approx(1.0)
    assert searched.found.dev.utility > searched.best_single.dev.utility


def test_what_is_not_shared_is_told(place, searched):
    tokens = searched.tokens
    llama, gemma = tokens.families
    assert (llama.family, gemma.family) == ("llama", "gemma")
    assert llama.shared == gemma.shared < gemma.tokens < llama.tokens
    assert llama.missing
    assert 0 < tokens.left_out < 1
    shown = CliRunner().invoke(app, ["show", "run", str(place / "run")], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert f"{llama.shared:,} of llama's {llama.tokens:,}" in shown.stdout
    assert f"{tokens.left_out:.2%} of the probability" in " ".join(shown.stdout.split())
    listed = CliRunner().invoke(app, ["show", "tokens", str(place / "pool.yaml"), "--all"])
    assert listed.exit_code == 0, listed.output
    assert f"{llama.tokens - llama.shared:,}" in listed.stdout
    assert listed.stdout.splitlines().count(repr(llama.missing[0])) == 1


def test_a_run_in_parts_ends_the_same(place, searched):
    search(place, "parts", max_iterations=1)
    settings = {"search": {"max_iterations": 2}, "engine": {"batch_size": 5}}
    resume(place / "parts", Watch(), settings)
    results = [(place / run / "result.json").read_bytes() for run in ("parts", "run")]
    assert results[0] == results[1]


def test_a_report_is_written(place, searched):
    page = write_report(place / "run").read_text()
    assert all(name in page for name in NAMES)


def test_experts_alone_are_those_of_their_families(place, searched):
    opened = open_run(place / "run")
    families = [family.fingerprint for family in opened.pool.families]
    singles = [agent.model for system in opened.singles().values() for agent in system.agents]
    assert singles == [
        Blend(family, row) for family in families for row in ((1.0, 0.0), (0.0, 1.0))
    ]


def test_the_pool_may_say_one_thing_and_the_command_another(place):
    settings = {**SETTINGS, "mix": "weights"}
    result = search(place, "weights", settings=settings, max_iterations=1)
    lines = [json.loads(line) for line in (place / "weights" / "journal.jsonl").open()]
    assert {line["family"] for line in lines if line["event"] == "positions"} == set(EXPERTS)
    assert result.tokens is None


def test_an_exported_mixture_is_verified_and_served(exported, searched):
    lock = json.loads((exported / "models.lock.json").read_text())
    [node] = json.loads((exported / "graph.json").read_text())["nodes"]
    shares = lock["agents"][node["agent"]]
    assert shares == {"kind": "mixture", "shares": searched.found.nodes[0].coefficients}
    assert set(lock["families"]) == set(EXPERTS)
    report = json.loads((exported / "report.json").read_text())
    assert report["golden"] == {"items": 3, "recorded": 3, "same": 3}
    assert "next-token probabilities" in (exported / "README.md").read_text()
    assert verify(exported, engine=EngineConfig(threads=1)).golden == 3
    with hswarm.load(exported, engine=EngineConfig(threads=1)) as pipeline:
        said = pipeline.answer(QUESTION).answer
        assert asyncio.run(ask_over_http(pipeline, QUESTION)) == said


async def ask_over_http(pipeline, question):
    config = uvicorn.Config(
        create_app(pipeline, Limits(), None), port=0, lifespan="off", log_level="warning"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    body = {"model": pipeline.name, "messages": [{"role": "user", "content": question}]}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        reply = await client.post("/v1/chat/completions", json=body)
    server.should_exit = True
    await running
    return reply.json()["choices"][0]["message"]["content"]


def test_what_cannot_be_exported_or_read_is_refused(exported, tmp_path):
    with pytest.raises(HswarmError, match="vLLM mixes no tokens"):
        write_targets(open_contents(exported), ["vllm"])
    own = tmp_path / "my-pipeline"
    shutil.copytree(exported, own)
    lock = json.loads((own / "models.lock.json").read_text())
    mixture = next(agent for agent in lock["agents"].values() if agent["kind"] == "mixture")
    mixture["shares"]["nobody"] = 0.5
    (own / "models.lock.json").write_text(json.dumps(lock))
    write_sums(own)
    with pytest.raises(HswarmError, match="mixture with 'nobody', which is no adapter"):
        open_contents(own)


def test_experts_come_and_go_across_bases(place, searched, tmp_path):
    left = remove_expert(place / "run", "cat", out=tmp_path / "left")
    assert left.experts == ("ann", "bob", "dan")
    rows = newest_state(left.folder).payload["search"]["weights"][0]["position"]
    assert len(rows[0]) == 3
    assert resume(left.folder, Watch()).tokens is not None
    source = f"eve={place / 'llama' / 'llama-late'}"
    grown = add_expert(place / "run", source, family="llama", out=tmp_path / "grown")
    assert grown.experts == ("ann", "bob", "eve", "cat", "dan")
    resume(grown.folder, Watch(), {"search": {"max_iterations": 3}})
    lines = [json.loads(line) for line in (grown.folder / "journal.jsonl").open()]
    assert any(len(line["rows"][0]) == 5 for line in lines if line["event"] == "positions")


@pytest.mark.parametrize("method", ["slerp", "data-merge"])
def test_methods_that_make_weights_say_so(place, method):
    with pytest.raises(HswarmError, match="here tokens are mixed"):
        search(place, f"of-{method}", method=method)


def test_a_soup_of_all_is_the_even_mixture(place):
    result = search(place, "soup", method="uniform-soup")
    assert result.found.nodes[0].coefficients == dict.fromkeys(NAMES, 0.25)


def test_one_expert_is_nothing_to_mix(place, tmp_path):
    pool = yaml.safe_load((place / "pool.yaml").read_text())
    alone = {"base": str(place / "llama/base"), "prompt": "chat",
             "experts": {"ann": str(place / "llama/ann")}}  # fmt: skip
    (tmp_path / "one.yaml").write_text(yaml.safe_dump({**pool, "families": {"llama": alone}}))
    shown = CliRunner().invoke(app, ["show", "tokens", str(tmp_path / "one.yaml")])
    assert isinstance(shown.exception, HswarmError)
    assert "too few experts" in str(shown.exception)
