"""One process at a time; a dead one never blocks a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hswarm
from hswarm.errors import HswarmError
from hswarm.store.lock import Lock, is_held

HOLDER = """
import sys, time
from pathlib import Path
from hswarm.store.lock import Lock
held = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path`."""
    root = str(Path(hswarm.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_second_process_is_refused_by_folder_and_pid(tmp_path, holder):
    with pytest.raises(HswarmError) as caught:
        Lock(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert f"pid {holder.pid}" in str(caught.value)


def test_lock_is_free_once_its_process_was_killed(tmp_path, holder):
    assert is_held(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert not is_held(tmp_path)
    Lock(tmp_path).release()


def test_refused_process_leaves_the_owners_id_alone(tmp_path, holder):
    for _ in range(2):
        with pytest.raises(HswarmError, match=f"pid {holder.pid}"):
            Lock(tmp_path)


def test_one_process_cannot_take_it_twice(tmp_path):
    lock = Lock(tmp_path)
    with pytest.raises(HswarmError):
        Lock(tmp_path)
    lock.release()
    Lock(tmp_path).release()


def test_looking_does_not_take_it(tmp_path):
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []
    lock = Lock(tmp_path)
    assert is_held(tmp_path)
    lock.release()
    assert not is_held(tmp_path)
    Lock(tmp_path).release()


def test_missing_folder_is_said_in_plain_words(tmp_path):
    with pytest.raises(HswarmError, match="cannot be read or written"):
        Lock(tmp_path / "nowhere")
