"""A run's folder: created once, resumed where its state says, refused where it must be."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest

from hswarm.config import EngineConfig, RunConfig, SearchConfig, WeightConfig
from hswarm.errors import HswarmError
from hswarm.store.journal import read_journal
from hswarm.store.run import JOURNAL, RESULT, TIMINGS, Run, new_folder, read_config, read_result

CONFIG = RunConfig(task="gaia-text", search=SearchConfig(weight=WeightConfig(step_length=1e-05)))
PROVENANCE = {"versions": {"torch": "2.13.0"}, "fingerprints": {"pool": "abc"}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs" / "one"


def numbers(folder):
    return [event["number"] for event in read_journal(folder / JOURNAL)]


def two_iterations(folder):
    """A run that was left in the middle of its third iteration."""
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        for number in (1, 2):
            run.journal.append({"number": number})
            run.save_state({"number": number}, utility=number / 4)
        run.journal.append({"number": 3})


def test_created_run_is_empty_and_knows_its_settings(folder):
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        assert run.resumed is None
        assert run.config == CONFIG
        assert run.journal.size == 0
        assert run.read_result() is None
        assert run.memo == folder / "memo.sqlite"
        assert read_config(folder) == CONFIG


def test_opened_run_knows_what_it_was_created_with(folder):
    Run.create(folder, CONFIG, PROVENANCE).close()
    with Run.open(folder) as run:
        assert run.config == CONFIG
        assert run.provenance == PROVENANCE
        assert run.resumed is None


def test_opened_run_goes_on_from_its_state_and_forgets_what_came_later(folder):
    two_iterations(folder)
    assert numbers(folder) == [1, 2, 3]
    with Run.open(folder) as run:
        assert run.resumed.state.payload == {"number": 2}
        assert numbers(folder) == [1, 2]
        run.journal.append({"number": 3})
    assert numbers(folder) == [1, 2, 3]


def test_run_without_state_starts_over(folder):
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        run.journal.append({"number": 1})
    with Run.open(folder) as run:
        assert run.resumed is None
        assert run.journal.size == 0


def test_journal_is_on_the_disk_before_the_state_that_counts_on_it(folder, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append(os.fstat(descriptor).st_ino)

    with Run.create(folder, CONFIG, PROVENANCE) as run:
        monkeypatch.setattr(os, "fsync", fsync)
        run.save_state({}, utility=0.0)
    journal, state = ((folder / name).stat().st_ino for name in (JOURNAL, "state.json"))
    assert synced == [journal, state, folder.stat().st_ino]


def test_damaged_state_takes_the_journal_back_with_it(folder):
    two_iterations(folder)
    (folder / "state.json").write_bytes(b"{")
    with Run.open(folder) as run:
        assert run.resumed.used_previous
        assert run.resumed.state.payload == {"number": 1}
        assert numbers(folder) == [1]
        run.journal.append({"number": 2})
        run.save_state({"number": 2}, utility=0.5)
    with Run.open(folder) as run:
        assert run.resumed.note is None
        assert run.resumed.state.payload == {"number": 2}


def test_run_that_cannot_be_resumed_is_not_kept_locked(folder):
    two_iterations(folder)
    for name in ("state.json", "state.previous.json"):
        (folder / name).write_bytes(b"{")
    for _ in range(2):
        with pytest.raises(HswarmError, match="cannot be resumed"):
            Run.open(folder)


def test_run_at_work_is_refused_to_others(folder):
    with Run.create(folder, CONFIG, PROVENANCE), pytest.raises(HswarmError, match="at work"):
        Run.open(folder)
    Run.open(folder).close()


def test_run_is_let_go_when_its_work_fails(folder):
    with pytest.raises(ZeroDivisionError), Run.create(folder, CONFIG, PROVENANCE):
        raise ZeroDivisionError
    Run.open(folder).close()


def test_run_is_not_created_over_another(folder):
    Run.create(folder, CONFIG, PROVENANCE).close()
    with pytest.raises(HswarmError, match="already holds a run") as caught:
        Run.create(folder, CONFIG, PROVENANCE)
    assert f"--resume {folder}" in caught.value.hint


def test_foreign_folder_is_refused_and_left_alone(folder):
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("precious")
    with pytest.raises(HswarmError, match=r"not empty: it holds thesis\.tex"):
        Run.create(folder, CONFIG, PROVENANCE)
    assert [entry.name for entry in folder.iterdir()] == ["thesis.tex"]


def test_folder_of_a_run_killed_at_its_creation_is_free(folder):
    folder.mkdir(parents=True)
    for name in ("run.lock", "provenance.json", "config.yaml.new"):
        (folder / name).write_text("")
    Run.create(folder, CONFIG, PROVENANCE).close()
    assert read_config(folder) == CONFIG


def test_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HswarmError):
        Run.create(tmp_path / "file", CONFIG, PROVENANCE)


def test_no_run_no_opening(tmp_path):
    with pytest.raises(HswarmError, match="There is no run in"):
        Run.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a: [", "no YAML"), (b"", "config.yaml"), (b"task: t\nnot_a_key: 1\n", "not_a_key")],
)
def test_damaged_config_is_named(folder, content, said):
    Run.create(folder, CONFIG, PROVENANCE).close()
    (folder / "config.yaml").write_bytes(content)
    with pytest.raises(HswarmError, match=said):
        Run.open(folder)


def test_lost_provenance_does_not_stop_a_run(folder):
    Run.create(folder, CONFIG, PROVENANCE).close()
    (folder / "provenance.json").write_text("{")
    with Run.open(folder) as run:
        assert run.provenance == {}


def test_raised_budget_is_kept_and_unfinishes_the_run(folder):
    more = CONFIG.model_copy(
        update={"search": SearchConfig(max_iterations=9, weight=WeightConfig(step_length=1e-05))}
    )
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        run.write_result({"stopped": "max-iterations"})
    with Run.open(folder) as run:
        (change,) = run.change_config(more)
        assert str(change) == "search.max_iterations: 3 → 9"
        assert run.config == more
        assert run.read_result() is None
    assert read_config(folder) == more


def test_other_cut_of_the_work_keeps_the_result(folder):
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        run.write_result({"stopped": "patience"})
        run.change_config(CONFIG.model_copy(update={"engine": EngineConfig(batch_size=1)}))
        assert run.read_result() == {"stopped": "patience"}


def test_refused_change_changes_nothing(folder):
    with Run.create(folder, CONFIG, PROVENANCE) as run:
        with pytest.raises(HswarmError, match="task: 'gaia-text' → 'gsm8k'"):
            run.change_config(CONFIG.model_copy(update={"task": "gsm8k"}))
        assert run.config == CONFIG
    assert read_config(folder) == CONFIG


def test_equal_results_are_equal_bytes(tmp_path):
    texts = []
    for name, result in (("a", {"u": 0.1, "n": [1]}), ("b", {"n": [1], "u": np.float64(0.1)})):
        with Run.create(tmp_path / name, CONFIG, PROVENANCE) as run:
            run.write_result(result)
            assert run.read_result() == {"u": 0.1, "n": [1]}
        texts.append((tmp_path / name / RESULT).read_bytes())
    assert texts[0] == texts[1]


def test_damaged_result_is_named(folder):
    Run.create(folder, CONFIG, PROVENANCE).close()
    (folder / RESULT).write_text("[")
    with pytest.raises(HswarmError, match="damaged"):
        read_result(folder)


def test_journal_holds_no_times_and_timings_hold_every_opening(folder):
    two_iterations(folder)
    Run.open(folder).close()
    assert [set(event) for event in read_journal(folder / JOURNAL)] == [{"number"}] * 2
    opened = [event["event"] for event in read_journal(folder / TIMINGS)]
    assert opened == ["opened", "opened"]


def test_new_folders_never_collide(tmp_path):
    now = datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    names = [new_folder(tmp_path / "runs", "gaia-text", now).name for _ in range(3)]
    assert names == [f"gaia-text-20250203-040506{end}" for end in ("", "-2", "-3")]
    Run.create(tmp_path / "runs" / names[1], CONFIG, PROVENANCE).close()


@pytest.mark.parametrize(
    ("task", "name"),
    [("my/own task.yaml", "own-task"), ("..", "run"), ("Größe", "Gr-e"), ("gsm8k", "gsm8k")],
)
def test_folder_names_are_plain(tmp_path, task, name):
    now = datetime(2025, 2, 3, tzinfo=UTC)
    folder = new_folder(tmp_path, task, now)
    assert folder.parent == tmp_path
    assert folder.name == f"{name}-20250203-000000"
