"""A full disk costs nothing that was saved, and is said in plain words."""

import errno
import itertools
import resource

import pytest

from hswarm.config import RunConfig
from hswarm.engines.memo import Remembered
from hswarm.engines.request import Completion
from hswarm.errors import HswarmError
from hswarm.store.journal import Journal, read_journal
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import JOURNAL, Run, is_run

CONFIG = RunConfig(task="gaia-text")


def iterate(run, number):
    run.journal.append({"number": number})
    run.save_state({"number": number}, utility=0.5)


def begin(folder):
    with Run.create(folder, CONFIG, {}) as run:
        iterate(run, 1)
        iterate(run, 2)


def said(act, *arguments):
    """Do `act`; return what it says to the user if the disk refuses, else nothing."""
    try:
        act(*arguments)
    except HswarmError as error:
        return f"{error} {error.hint}"
    return ""


def test_last_good_state_survives_wherever_the_disk_fills_up(tmp_path, full_disk):
    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        begin(folder)
        with Run.open(folder) as run, full_disk(moment) as system:
            complaint = said(iterate, run, 3)
        if not system.has_filled_up:
            break
        assert "no room left on the disk" in complaint
        assert f"--resume {folder}" in complaint
        with Run.open(folder) as run:
            done = run.resumed.state.payload["number"]
            assert done in (2, 3)
            kept = [event["number"] for event in read_journal(folder / JOURNAL)]
            assert kept == list(range(1, done + 1))
            iterate(run, done + 1)
        with Run.open(folder) as run:
            assert run.resumed.note is None
            assert run.resumed.state.payload["number"] == done + 1
    assert moment > 8


def test_run_whose_creation_fails_can_be_created_again(tmp_path, full_disk):
    def create(folder):
        Run.create(folder, CONFIG, {}).close()

    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        with full_disk(moment) as system:
            complaint = said(create, folder)
        if not system.has_filled_up:
            break
        assert "no room left" in complaint
        if is_run(folder):
            Run.open(folder).close()
        else:
            create(folder)
    assert moment > 8


def test_spent_quota_is_a_full_disk(tmp_path, full_disk):
    with Run.create(tmp_path / "run", CONFIG, {}) as run, full_disk(1, errno.EDQUOT):
        assert "no room left" in said(run.journal.append, {"number": 1})


def test_failed_result_leaves_the_old_one(tmp_path, full_disk):
    with Run.create(tmp_path / "run", CONFIG, {}) as run:
        run.write_result({"iterations": 1})
        with full_disk(2), pytest.raises(HswarmError, match="no room left"):
            run.write_result({"iterations": 2})
        assert run.read_result() == {"iterations": 1}


def test_failed_state_leaves_no_half_file_in_the_way(tmp_path, full_disk):
    with Run.create(tmp_path / "run", CONFIG, {}) as run:
        with full_disk(3), pytest.raises(HswarmError):
            run.save_state({"big": [0.1] * 1000}, utility=0.0)
        assert not list(run.folder.glob("*.new"))


def test_other_trouble_is_named(tmp_path, full_disk):
    with (
        Run.create(tmp_path / "run", CONFIG, {}) as run,
        full_disk(1, errno.EIO),
        pytest.raises(HswarmError, match=r"journal\.jsonl cannot be .*Input/output error"),
    ):
        run.journal.append({"number": 1})


def test_journal_at_the_systems_own_limit_stays_whole(tmp_path):
    """The system itself cuts a write short here: no file may grow beyond 10 001 bytes."""
    journal = Journal(tmp_path / "journal.jsonl")

    def append_many():
        for number in range(10_000):
            journal.append({"number": number})

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_001, hard))
    try:
        with pytest.raises(HswarmError, match="no room left"):
            append_many()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = [event["number"] for event in read_journal(tmp_path / "journal.jsonl")]
    assert written == list(range(len(written)))
    assert journal.size == (tmp_path / "journal.jsonl").stat().st_size
    journal.append({"number": len(written)})
    journal.close()
    assert len(list(read_journal(tmp_path / "journal.jsonl"))) == len(written) + 1


def test_memo_on_a_full_disk_keeps_what_it_has(tmp_path):
    entries = [
        (f"key {number}", Remembered(Completion("text" * 1000, 1, 1), 0)) for number in range(50)
    ]
    with SqliteMemo(tmp_path / "memo.sqlite") as memo:
        memo.save(entries[:1])
        memo._connection.execute("PRAGMA max_page_count = 20")  # a disk of 80 kB
        with pytest.raises(HswarmError, match="no room left on the disk"):
            memo.save(entries[1:])
        assert len(memo) == 1
        assert memo.load("key 0") is not None
