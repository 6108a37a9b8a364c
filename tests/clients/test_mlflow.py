"""The model that MLflow runs."""

import json

import pytest

from hswarm.pipeline.export import export
from hswarm.pipeline.targets.name import TargetName

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: make test-clients")


def test_it_is_loaded_and_answers(mixed_run, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export(mixed_run, "my-pipeline", to=[TargetName.MLFLOW])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-pipeline", "my_pipeline_mlflow"]
    (tmp_path / "my-pipeline").rename(tmp_path / "moved")  # the model holds a copy

    model = mlflow.pyfunc.load_model("my_pipeline_mlflow")
    asked = [{key: item[key] for key in ("question", "context_chunks")} for item in golden]

    assert model.predict(asked) == [item["answer"] for item in golden]


def test_it_is_code_as_a_file_and_no_pickle(mixed_run, exported, tmp_path):
    export(mixed_run, tmp_path / "my-pipeline", to=[TargetName.MLFLOW])
    model = tmp_path / "my_pipeline_mlflow"
    files = {str(path.relative_to(model)) for path in model.rglob("*") if path.is_file()}
    copied = {f"artifacts/my-pipeline/{p.relative_to(exported)}" for p in exported.rglob("*")}

    assert files - copied == {
        "MLmodel", "mlflow_model.py", "conda.yaml", "python_env.yaml", "requirements.txt",
    }  # fmt: skip
    assert "hswarm==" in (model / "requirements.txt").read_text()
    described = mlflow.models.get_model_info(str(model))
    assert json.loads(described.signature.inputs.to_json())
