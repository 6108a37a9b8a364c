"""A pipeline as an MLflow model: code as a file, the pipeline's folder as its artifact."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from hswarm.errors import HswarmError
from hswarm.pipeline.contents import Contents
from hswarm.pipeline.strangers import find_strangers


def check_mlflow() -> None:
    """Raise HswarmError where MLflow, which writes its models itself, is not installed."""
    if find_spec("mlflow") is None:
        raise HswarmError(
            "An MLflow model is written by MLflow, which is not installed.",
            hint='Install it: pip install "hswarm[mlflow]"',
        )


def write_model(contents: Contents, place: Path) -> None:
    """Write a pipeline to the new folder `place` as a models-from-code MLflow model.

    The model holds a copy of the pipeline and no pickle; `mlflow models serve -m` runs it.
    """
    import mlflow

    mlflow.pyfunc.save_model(
        path=str(place),
        python_model=str(Path(__file__).with_name("mlflow_model.py")),
        artifacts={"pipeline": str(contents.folder.resolve())},
        model_config={"trust": bool(find_strangers(contents.blueprint.pool))},
        pip_requirements=[f"hswarm=={contents.blueprint.pipeline.versions['hswarm']}"],
    )
