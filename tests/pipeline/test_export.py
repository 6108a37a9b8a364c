"""What an export holds, and that it answers exactly as the search evaluated."""

import asyncio
import json
import re
import shutil
import subprocess

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from hswarm.agents.agent import ModelAgent
from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.config import EngineConfig
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.request import Blend, Sampling
from hswarm.engines.transformers import TransformersRunner
from hswarm.errors import HswarmError
from hswarm.evaluate import evaluate
from hswarm.experts.blend import blend, stack_experts
from hswarm.graph.dag import Dag
from hswarm.pipeline.export import export
from hswarm.pipeline.load import load
from hswarm.system import System
from hswarm.tasks.load import load_task

FILES = {
    "Dockerfile", "README.md", "SHA256SUMS", "golden.jsonl", "graph.json", "graph.svg",
    "models.lock.json", "pipeline.json", "report.json",
}  # fmt: skip


def read(folder, name):
    return json.loads((folder / name).read_text())


@pytest.fixture(scope="session")
def family():
    return read_pool(find("agents", "tiny")).open().families[0]


@pytest.fixture(scope="session")
def evaluated(family, mixed_run):
    """The run's system on its task as `evaluate` has it, on the experts it was searched with."""
    nodes = read(mixed_run, "result.json")["found"]["nodes"]
    names = [expert.name for expert in family.experts]
    system = System(
        Dag(tuple(tuple(node["parents"]) for node in nodes)),
        tuple(
            ModelAgent(
                node["agent"],
                Blend(family.fingerprint, tuple(node["coefficients"].get(n, 0.0) for n in names)),
            )
            for node in nodes
        ),
    )
    task = load_task("gaia-text", limit=2)
    transcripts = {}

    async def main():
        engine = BatchingEngine(TransformersRunner(family, EngineConfig(threads=1)))
        await evaluate(
            [system],
            task.test,
            task.scorer,
            engine,
            Sampling(max_tokens=task.max_tokens),
            on_transcript=lambda _, row, transcript: transcripts.update({row: transcript}),
        )
        await engine.aclose()

    asyncio.run(main())
    return task.test, transcripts


def test_it_answers_as_the_search_evaluated(pipeline, evaluated):
    examples, transcripts = evaluated
    for row, example in enumerate(examples):
        said = pipeline.answer(example.question, context_chunks=example.context_chunks)
        assert said.answer == transcripts[row].answer
        assert [(t.role, t.prompt, t.completion) for t in said.turns] == [
            (t.role, t.prompt, t.completion) for t in transcripts[row].turns
        ]


def test_the_golden_answers_are_those_that_the_run_recorded(finished_run, tmp_path):
    contents = export(finished_run, tmp_path / "out")

    assert contents.report.golden.items == len(contents.golden) == 2
    assert contents.report.golden.recorded == contents.report.golden.same == 2


def test_it_holds_everything_and_nothing_else(exported):
    files = {path.relative_to(exported).as_posix() for path in exported.rglob("*.*")}
    top = {path.name for path in exported.iterdir() if path.is_file()}

    assert top == FILES
    assert {name.split("/")[0] for name in files - FILES} == {"adapters", "bases"}
    assert {path.suffix for path in (exported / "adapters").rglob("*.*")} == {
        ".json",
        ".safetensors",
    }


def test_anybody_may_read_it(exported):
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in exported.rglob("*"))


def test_checksums_are_as_sha256sum_has_them(exported):
    asked = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(asked, cwd=exported, check=True)


def test_there_is_one_adapter_per_distinct_row(exported):
    nodes = read(exported, "graph.json")["nodes"]
    agents = read(exported, "models.lock.json")["agents"]

    assert [node["agent"] for node in nodes] == ["jobs", "friends", "homes", "jobs"]
    assert [node["role"] for node in nodes] == ["middle", "entry", "end", "entry"]
    assert {name: agent["blend"] for name, agent in agents.items()} == {
        "jobs": {"friends": 0.05, "jobs": 0.9, "pets": 0.0625},
        "friends": {"friends": 1.0},
        "homes": {"homes": 1.1, "walk": -0.1},
    }
    assert len(list((exported / "adapters").iterdir())) == 3


def test_adapters_are_the_blends_and_load_in_plain_peft(exported, family):
    stack = stack_experts(family)
    names = [expert.name for expert in family.experts]
    for agent in read(exported, "models.lock.json")["agents"].values():
        folder = exported / "adapters" / agent["folder"]
        row = [agent["blend"].get(name, 0.0) for name in names]
        stored = load_file(folder / "adapter_model.safetensors")
        for name, tensor in blend(stack, row).items():
            assert torch.equal(stored[name], tensor)
        base = AutoModelForCausalLM.from_pretrained(
            exported / "bases" / "tiny", dtype=torch.float32
        )
        model = PeftModel.from_pretrained(base, str(folder))
        held = {key.replace(".default", ""): value for key, value in model.state_dict().items()}
        assert all(torch.equal(held[name], tensor) for name, tensor in stored.items())


def test_a_second_export_writes_the_same_bytes(mixed_run, exported, tmp_path):
    again = tmp_path / "my-pipeline"
    export(mixed_run, again)

    for path in exported.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(exported)).read_bytes(), path


def test_the_report_says_how_sure_the_scores_are(exported, mixed_run):
    report = read(exported, "report.json")
    result = read(mixed_run, "result.json")

    assert [system["name"] for system in report["systems"]][:2] == ["found system", "best single"]
    for system in report["systems"]:
        for split in ("dev", "test"):
            low, high = system[split]["interval"]
            assert 0 <= low <= system[split]["utility"] <= high <= 1
            assert low < high
    assert report["search"] == result["search"]
    assert set(report["fingerprints"]) == {"task", "pool"}


def test_the_readme_names_what_it_is_about(exported):
    readme = (exported / "README.md").read_text()

    assert readme.startswith("# my-pipeline\n")
    for what in ("hswarm verify .", "gaia-text (bundled)", "context_chunks", "Apache-2.0"):
        assert what in readme
    assert not re.search(r"\{\w*\}", readme)


def test_a_base_that_is_left_out_is_found_again(mixed_run, tmp_path):
    folder = tmp_path / "out"
    export(mixed_run, folder, inline_base=False)
    base = read(folder, "models.lock.json")["families"]["tiny"]["base"]

    assert not (folder / "bases").exists()
    assert base["kind"] == "local"
    with load(folder, engine=EngineConfig(threads=1)) as pipeline:
        assert pipeline.answer("Who?").answer


def test_an_unfinished_run_is_refused(finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    (run / "result.json").unlink()

    with pytest.raises(HswarmError, match="not finished"):
        export(run, tmp_path / "out")


def test_a_folder_that_is_taken_is_refused_before_any_work(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    with pytest.raises(HswarmError, match="is there already"):
        export(tmp_path / "no-run", tmp_path / "out")


def test_other_content_than_the_run_began_with_is_refused(finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    provenance = read(run, "provenance.json")
    provenance["fingerprints"]["pool"] = "0" * 64
    (run / "provenance.json").write_text(json.dumps(provenance))

    with pytest.raises(HswarmError, match="content has changed"):
        export(run, tmp_path / "out")


def test_what_fails_leaves_nothing_behind(mixed_run, tmp_path, monkeypatch):
    monkeypatch.setattr("hswarm.pipeline.export.write_sums", lambda folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(mixed_run, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []
