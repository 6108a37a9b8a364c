"""What is written beside a pipeline for others to run; that they do is in tests/clients."""

import ast
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from hswarm.errors import HswarmError
from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.export import export
from hswarm.pipeline.manifest import HubBase
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside, write_targets


def test_the_command_is_run_in_the_folder_wherever_it_was_moved(own, tmp_path):
    moved = tmp_path / 'a "$(touch x)" `b` place'
    moved.mkdir()
    folder = own.rename(moved / "$HOME's")
    write_targets(open_contents(folder), [TargetName.VLLM])
    fake = tmp_path / "vllm"
    fake.write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps(sys.argv[1:]))\n")
    fake.chmod(0o755)
    script = place_beside(folder, TargetName.VLLM)
    said = subprocess.run(
        [script, "--port", "1"], capture_output=True, text=True, check=True, cwd="/",
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    ).stdout  # fmt: skip

    assert json.loads(said) == [
        "serve", "./bases/tiny", "--host", "127.0.0.1", "--dtype", "float32",
        "--generation-config", "vllm", "--enable-lora", "--max-loras", "4", "--max-lora-rank", "8",
        "--lora-modules", "jobs=adapters/jobs", "friends=adapters/friends", "homes=adapters/homes",
        "--port", "1",
    ]  # fmt: skip
    assert script.stat().st_mode & stat.S_IXUSR
    assert not (moved / "x").exists()


def test_a_base_on_the_hub_is_named_by_its_revision(exported, tmp_path):
    contents = open_contents(exported)
    base = HubBase(id="someone/model", revision="abc123", fingerprint="0" * 64)
    models = contents.blueprint.models
    [(name, family)] = models.families.items()
    families = {name: family.model_copy(update={"base": base})}
    models = models.model_copy(update={"families": families})
    blueprint = replace(contents.blueprint, models=models)
    write_targets(replace(contents, folder=tmp_path / "p", blueprint=blueprint), [TargetName.VLLM])

    assert "vllm serve someone/model --revision abc123 \\\n" in (tmp_path / "p_vllm.sh").read_text()


def test_the_module_has_a_node_for_every_node_and_an_edge_for_every_edge(own):
    write_targets(open_contents(own), [TargetName.LANGGRAPH])
    module = ast.parse((own.parent / "my_pipeline_langgraph.py").read_text())
    calls = [
        node.value for node in module.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]  # fmt: skip
    edges = [ast.unparse(c) for c in calls if c.func.attr == "add_edge"]

    assert [ast.unparse(c) for c in calls if c.func.attr == "add_node"] == [
        "builder.add_node('1 friends', seat(1))",
        "builder.add_node('3 jobs', seat(3))",
        "builder.add_node('0 jobs', seat(0))",
        "builder.add_node('2 homes', seat(2))",
    ]
    assert edges == [
        "builder.add_edge(START, '1 friends')",
        "builder.add_edge(START, '3 jobs')",
        "builder.add_edge(['1 friends', '3 jobs'], '0 jobs')",
        "builder.add_edge(['0 jobs', '1 friends'], '2 homes')",
        "builder.add_edge('2 homes', END)",
    ]


def test_the_folder_stays_what_it_is(mixed_run, exported, tmp_path):
    export(mixed_run, tmp_path / "my-pipeline", to=[TargetName.VLLM, TargetName.LANGGRAPH])

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "my-pipeline", "my_pipeline_langgraph.py", "my_pipeline_vllm.sh",
    ]  # fmt: skip
    sums = "SHA256SUMS"
    assert (tmp_path / "my-pipeline" / sums).read_text() == (exported / sums).read_text()


def test_what_is_there_is_not_written_over(mixed_run, tmp_path):
    (tmp_path / "out_vllm.sh").touch()
    with pytest.raises(HswarmError, match=r"out_vllm\.sh is there already"):
        export(mixed_run, tmp_path / "out", to=[TargetName.VLLM])
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="MLflow is installed")
def test_what_a_model_of_mlflows_takes_is_named_where_it_is_missing(mixed_run, tmp_path):
    with pytest.raises(HswarmError, match="written by MLflow") as caught:
        export(mixed_run, tmp_path / "out", to=[TargetName.MLFLOW])
    assert 'pip install "hswarm[mlflow]"' in caught.value.hint
    assert not (tmp_path / "out").exists()
