"""Trackers of experiments in their offline or local mode: what arrives, and what must not."""

import getpass
import math
from pathlib import Path

import pytest

from hswarm.config import RunConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import IterationEnded, StepEnded
from hswarm.search.result import Result
from hswarm.tracking.trackers import open_trackers
from hswarm.tracking.watcher import Beginning

KEY = "sk-never-to-be-seen-0123456789"
HOME = "/home/somebody-private"


@pytest.fixture
def follow(finished_run, tmp_path, monkeypatch):
    """Have a tracker follow a run that is over in a moment; return everything that it wrote."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    result = Result.model_validate_json((finished_run / "result.json").read_text())

    def follow(name):
        folder = tmp_path / "run-7"
        folder.mkdir()
        config = RunConfig(task="gaia-text", pool=f"{HOME}/pool.yaml", data=f"{HOME}/data.json")
        usage = Usage(answered=100, generated=40)
        (tracker,) = open_trackers([name], notes.append)
        tracker.begin(Beginning(folder, None, config, 10, usage))
        tracker.observe(StepEnded(0, "start", (0.25, 0.5), 0.5, 1.25))
        tracker.observe(IterationEnded(0, 3, 0.5, 0, 6))
        tracker.observe(StepEnded(1, "role", (math.nan,), 0.75, 1.0))
        tracker.end(result)
        assert notes == []
        return result

    notes = []
    return follow


def written(folder):
    """Return every byte of every file below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def is_clean(data):
    assert KEY.encode() not in data
    assert HOME.encode() not in data
    assert str(Path(__file__).parents[2]).encode() not in data
    user = getpass.getuser()
    return user == "root" or f"/{user}/".encode() not in data


def test_wandb(follow, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed: make test-clients")
    monkeypatch.setenv("WANDB_MODE", "offline")
    follow("wandb")
    (run,) = (tmp_path / "run-7" / "wandb").glob("offline-run-*")
    (records,) = run.glob("*.wandb")  # what would be sent, byte by byte
    data = records.read_bytes()
    assert b"role/spread" in data
    assert b"search.role.top_p" in data
    assert b"found system/test" in data
    assert b"run-7" in data
    assert is_clean(data)
    assert str(tmp_path).encode() not in data


def test_mlflow(follow, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: make test-clients")
    uri = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    mlflow.set_tracking_uri(uri)
    result = follow("mlflow")
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("hswarm")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "run-7"
    assert run.info.status == "FINISHED"
    assert run.data.params["pool"] == "pool"
    assert run.data.metrics["found system/test"] == result.found.test.utility
    history = client.get_metric_history(run.info.run_id, "best")
    assert [(m.step, m.value) for m in history] == [(0, 0.5), (0, 0.5), (1, 0.75)]
    assert is_clean(str((run.data.tags, run.data.params, run.info.user_id)).encode())


def test_tensorboard(follow, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed: make test-clients")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = follow("tensorboard")
    place = tmp_path / "run-7" / "tensorboard"
    events = EventAccumulator(str(place))
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {"best", "start/mean", "usage/generated", "found_system/test"} <= set(tags)
    (told,) = events.Tensors("found_system/test")
    assert told.tensor_proto.float_val[0] == pytest.approx(result.found.test.utility)
    assert is_clean(written(place))
