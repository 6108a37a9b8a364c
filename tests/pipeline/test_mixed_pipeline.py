"""A pipeline of two bases, a calculator and a model behind an API, which is on this machine."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import hswarm
from hswarm.catalog import find
from hswarm.cli import app as cli
from hswarm.config import EngineConfig
from hswarm.engines.tools.entry import McpEntry
from hswarm.errors import HswarmError
from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.export import export
from hswarm.pipeline.folder import write_sums
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside, write_targets
from hswarm.pipeline.verify import verify
from hswarm.testing.loopback import Loopback

HOST = "http://127.0.0.1"
ENGINE = EngineConfig(threads=1)
KEY = "sk-canary-5d1e90"
QUESTION = "Ada has 3 boxes with 7 beads each. How many beads are there?"


def speak(prompt, seed):
    return f"It comes to {len(prompt)} + 1."


@pytest.fixture(scope="module")
def server():
    with Loopback(speak) as far:
        yield far


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("CANARY_KEY", KEY)


@pytest.fixture(scope="module")
def searched(server, tmp_path_factory):
    """A run over everybody in the mixed pool, on two items."""
    folder = tmp_path_factory.mktemp("mixed")
    shipped = find("agents", "mixed")
    pool = yaml.safe_load(shipped.read_text())
    for family in pool["families"].values():
        family["base"] = str(shipped.parent / family["base"])
        experts = family["experts"].items()
        family["experts"] = {name: str(shipped.parent / place) for name, place in experts}
    pool["remote"]["served"] |= {
        "base_url": f"{server.url}/v1", "key": "CANARY_KEY", "attempts": 2,
    }  # fmt: skip
    (folder / "pool.yaml").write_text(yaml.safe_dump(pool))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY_KEY", KEY)
        hswarm.optimize(
            "gsm8k",
            pool=str(folder / "pool.yaml"),
            run=folder / "run",
            limit=2,
            max_iterations=0,
            settings={"engine": {"threads": 1}, "search": {"role": {"particles": 2}}},
        )
    return folder / "run"


@pytest.fixture(scope="module")
def mixed(searched, server, tmp_path_factory):
    """The pipeline, exported without the key: the run has heard all that it takes."""
    before = len(server.calls)
    folder = tmp_path_factory.mktemp("mixed") / "mixed"
    export(searched, folder)
    assert len(server.calls) == before
    return folder


@pytest.fixture
def own(mixed, tmp_path):
    copy = tmp_path / "mixed"
    subprocess.run(["cp", "-r", mixed, copy], check=True)
    return copy


def golden(folder):
    return [json.loads(line) for line in (folder / "golden.jsonl").read_text().splitlines()]


def test_the_folder_says_who_answers(mixed, server):
    lock = json.loads((mixed / "models.lock.json").read_text())
    agents = lock["agents"]

    assert set(lock["families"]) == {"llama", "gemma"}
    assert {path.name for path in (mixed / "bases").iterdir()} == {"llama", "gemma"}
    assert {agents[name]["family"] for name in ("friends", "jobs", "add")} == {"llama"}
    assert {agents[name]["family"] for name in ("homes", "tools", "multiply")} == {"gemma"}
    assert agents["calculator"]["tool"]["kind"] == "calculator"
    assert agents["served"]["endpoint"] | {"price": None} == {
        "provider": "openai", "model": "my-pipeline", "base_url": f"{server.url}/v1",
        "key": "CANARY_KEY", "price": None, "concurrency": 8, "timeout": 60.0, "attempts": 2,
        "parameters": {},
    }  # fmt: skip
    assert len(json.loads((mixed / "graph.json").read_text())["nodes"]) == 8
    report = json.loads((mixed / "report.json").read_text())
    assert report["golden"] == {"items": 2, "recorded": 2, "same": 2}


def test_the_papers_say_what_it_takes(mixed):
    readme, docker = (mixed / "README.md").read_text(), (mixed / "Dockerfile").read_text()

    assert 'pip install "hswarm[serve,remote]==' in readme
    assert "hswarm serve . --trust" in readme
    assert "read from the environment: CANARY_KEY." in readme
    assert 'CMD ["hswarm", "serve", "/pipeline", "--host", "0.0.0.0", "--trust"]' in docker
    assert " -e CANARY_KEY " in docker


def test_the_key_is_nowhere(mixed, searched, key):
    for folder in (mixed, searched):
        for path in filter(Path.is_file, folder.rglob("*")):
            assert KEY.encode() not in path.read_bytes(), path


def test_without_trust_nobody_outside_is_asked_and_that_is_said(mixed, server, capsys, key):
    before = len(server.calls)
    assert verify(mixed, engine=ENGINE).not_asked == {"served": "not trusted"}
    assert len(server.calls) == before

    call(["verify", str(mixed), "--threads", "1"])
    assert "golden answers were taken for given: served (not trusted)" in capsys.readouterr().out


def test_without_the_key_nobody_is_asked_and_that_is_said(mixed, server, capsys):
    before = len(server.calls)
    call(["verify", str(mixed), "--threads", "1", "--trust"])
    assert "taken for given: served (CANARY_KEY not set)" in capsys.readouterr().out
    assert len(server.calls) == before


def test_with_trust_and_the_key_everybody_is_asked_again(mixed, server, key):
    before = len(server.calls)
    assert verify(mixed, engine=ENGINE, trust=True).not_asked == {}
    assert len(server.calls) == before + len(golden(mixed))


def test_a_model_that_was_changed_by_its_provider_is_named(mixed, server, monkeypatch, key):
    monkeypatch.setattr(server, "answer", lambda prompt, seed: "It is another now.")
    with pytest.raises(HswarmError, match=r"differ: .*\(served\), which said 'It is another") as e:
        verify(mixed, engine=ENGINE, trust=True)
    assert "whoever runs it may have changed it" in e.value.hint


def test_who_differs_first_is_named_where_a_golden_answer_stood_in(own):
    lines = golden(own)
    graph = json.loads((own / "graph.json").read_text())["nodes"]
    first = next(k for k, node in enumerate(graph) if not node["parents"])
    lines[0]["turns"][first]["answer"] = "something else"
    (own / "golden.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_sums(own)
    with pytest.raises(HswarmError, match=rf"1 of 2 .* node {first} \({graph[first]['agent']}\)"):
        verify(own, engine=ENGINE)


def test_it_is_refused_without_trust(mixed, server):
    with pytest.raises(HswarmError, match="asks who is not in it: served") as refused:
        hswarm.load(mixed)
    assert f"my-pipeline at {server.url}/v1, given CANARY_KEY" in str(refused.value)
    assert "--trust" in refused.value.hint


def test_it_answers_as_the_search_heard_it(mixed, key):
    with hswarm.load(mixed, engine=ENGINE, trust=True) as pipeline:
        for item in golden(mixed):
            transcript = pipeline.answer(item["question"])
            assert [t.completion.text for t in transcript.turns] == [
                turn["answer"] for turn in item["turns"]
            ]
        dollars = pipeline.usage.dollars
        assert pipeline.usage.agents["served"].generated == len(golden(mixed))
    assert dollars == 0.0


def test_tools_are_used_afresh_every_time(mixed, key):
    with hswarm.load(mixed, engine=ENGINE, trust=True) as pipeline:
        pipeline.answer(QUESTION)
        pipeline.answer(QUESTION)
        agents = pipeline.usage.agents
    assert (agents["calculator"].answered, agents["calculator"].generated) == (2, 2)
    assert (agents["served"].answered, agents["served"].generated) == (2, 1)


def call(words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hswarm", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return end.value.code


def test_who_cannot_be_reached_is_said(mixed, server, capsys, key, monkeypatch):
    monkeypatch.setattr(server, "answer", lambda prompt, seed: "")
    assert call(["ask", str(mixed), QUESTION, "--trust", "--threads", "1"]) == 2
    said = capsys.readouterr().err
    assert "error: The pipeline cannot answer that: served: tried 2 times" in said
    assert KEY not in said


def test_a_program_that_a_folder_names_is_not_started_unasked(own, tmp_path, capsys):
    witness = tmp_path / "started"
    planted = McpEntry(
        kind="mcp", command=(sys.executable, "-c", f"open({str(witness)!r}, 'w')"), tool="t",
        arguments={},
    )  # fmt: skip
    lock = json.loads((own / "models.lock.json").read_text())
    lock["agents"]["calculator"] = {
        "kind": "tool",
        "tool": planted.model_dump(mode="json"),
        "fingerprint": planted.reference.fingerprint,
    }
    (own / "models.lock.json").write_text(json.dumps(lock))
    write_sums(own)

    assert call(["ask", str(own), QUESTION]) == 2
    assert "calculator (t of" in capsys.readouterr().err
    call(["verify", str(own), "--threads", "1"])
    assert not witness.exists()


def test_a_tool_that_is_set_up_otherwise_is_refused(own):
    lock = json.loads((own / "models.lock.json").read_text())
    lock["agents"]["calculator"]["fingerprint"] = "0" * 64
    (own / "models.lock.json").write_text(json.dumps(lock))
    write_sums(own)
    with pytest.raises(HswarmError, match=r"calculator is not what .* says"):
        open_contents(own)


def test_the_command_serves_the_family_that_is_asked_for(own, tmp_path):
    write_targets(open_contents(own), [TargetName.VLLM])
    fake = tmp_path / "vllm"
    fake.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(*words):
        return subprocess.run(
            [place_beside(own, TargetName.VLLM), *words],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip

    said = json.loads(run("gemma", "--port", "1").stdout)
    assert said[:2] == ["serve", "./bases/gemma"]
    assert said[-2:] == ["--port", "1"]
    modules = said[said.index("--lora-modules") + 1 : -2]
    assert sorted(modules) == [f"{name}=adapters/{name}" for name in ("homes", "multiply", "tools")]
    assert (run().returncode, run("--port", "1").returncode) == (2, 2)
    assert "Which family? gemma, llama" in run().stderr


def test_a_server_answers_with_all_of_them(mixed, key):
    import httpx2

    from hswarm.serve.app import create_app
    from hswarm.serve.limits import Limits

    [first, *_] = golden(mixed)
    asked = {
        "model": "mixed",
        "messages": [{"role": "user", "content": first["question"]}],
        "node_events": True,
    }

    async def main():
        pipeline = hswarm.load(mixed, engine=ENGINE, trust=True)
        transport = httpx2.ASGITransport(create_app(pipeline, Limits()))
        async with pipeline, httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
            return (await client.post("/v1/chat/completions", json=asked)).json()

    reply = asyncio.run(main())
    assert "error" not in reply, reply
    assert reply["choices"][0]["message"]["content"] == first["answer"]
    assert [node["answer"] for node in reply["nodes"]] == [t["answer"] for t in first["turns"]]
