"""Runs as they are looked at, at work or not."""

import pytest

from hswarm.config import RunConfig
from hswarm.errors import HswarmError
from hswarm.store.record import list_runs, read_run
from hswarm.store.run import Run

CONFIG = RunConfig(task="gaia-text")


def create(folder, **config):
    return Run.create(folder, CONFIG.model_copy(update=config), {"versions": {}})


def test_run_at_work_can_be_looked_at(tmp_path):
    with create(tmp_path / "a") as run:
        run.journal.append({"event": "step"})
        run.save_state({"x": 1}, utility=0.25)
        run.journal.append({"event": "later"})
        record = read_run(tmp_path / "a")
    assert record.status == "running"
    assert record.utility == 0.25
    assert record.name == "a"
    assert record.config == CONFIG
    assert record.result is None
    assert [event["event"] for event in record.events()] == ["step", "later"]


def test_status_follows_the_run(tmp_path):
    folder = tmp_path / "a"
    create(folder).close()
    assert read_run(folder).status == "interrupted"
    assert read_run(folder).utility is None
    with Run.open(folder) as run:
        run.write_result({"found": 1})
        assert read_run(folder).status == "running"
    assert read_run(folder).status == "finished"
    assert read_run(folder).result == {"found": 1}


def test_start_is_the_first_opening(tmp_path):
    create(tmp_path / "a").close()
    started = read_run(tmp_path / "a").started
    Run.open(tmp_path / "a").close()
    assert started is not None
    assert started.tzinfo is not None
    assert read_run(tmp_path / "a").started == started


def test_unknown_utility_is_none(tmp_path):
    with create(tmp_path / "a") as run:
        run.save_state({}, utility=float("nan"))
    assert read_run(tmp_path / "a").utility is None


def test_looking_changes_nothing(tmp_path):
    folder = tmp_path / "a"
    with create(folder) as run:
        run.save_state({}, utility=0.0)
        run.journal.append({"event": "beyond the state"})
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    read_run(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_runs_are_listed_oldest_first_and_other_folders_left_out(tmp_path):
    for name in ("z", "a", "m"):
        create(tmp_path / name).close()
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("")
    records, notes = list_runs(tmp_path)
    assert [record.name for record in records] == ["z", "a", "m"]
    assert notes == []


def test_broken_run_does_not_hide_the_others(tmp_path):
    for name in ("a", "b", "c"):
        create(tmp_path / name).close()
    (tmp_path / "b" / "config.yaml").write_text("task: [")
    (tmp_path / "c" / "timings.jsonl").unlink()
    records, (note,) = list_runs(tmp_path)
    assert [record.name for record in records] == ["c", "a"]
    assert str(tmp_path / "b") in note


def test_no_root_no_runs(tmp_path):
    assert list_runs(tmp_path / "runs") == ([], [])


def test_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(HswarmError, match="There is no run"):
        read_run(tmp_path)
