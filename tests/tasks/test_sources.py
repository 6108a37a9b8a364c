"""Where a task's data lies, and what is said when it is not there."""

import pytest

from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.tasks.load import load_task
from hswarm.tasks.sources import data_folder, find_data, is_here, place, sources_of
from hswarm.tasks.spec import read_spec


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HSWARM_DATA", str(tmp_path / "data"))


def spec(name):
    return read_spec(find("tasks", name))


def test_the_cache_is_the_users(tmp_path, monkeypatch):
    assert data_folder() == tmp_path / "data"
    monkeypatch.delenv("HSWARM_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder() == tmp_path / "cache" / "hswarm" / "data"


def test_the_bundled_set_comes_first_and_is_always_here():
    assert sources_of(spec("gsm8k")) == ["bundled", "authors", "hub"]
    assert is_here(spec("gsm8k"), "bundled")
    assert not is_here(spec("gsm8k"), "authors")
    assert sources_of(spec("com2")) == ["authors"]


def test_tasks_on_one_file_of_the_authors_share_it():
    assert place(spec("mmlu"), "authors") == place(spec("abstainqa"), "authors")
    assert place(spec("rm"), "authors") == place(spec("rm-verbose"), "authors")
    assert place(spec("mmlu"), "authors") != place(spec("mmlu-pro"), "authors")


@pytest.mark.parametrize(
    ("name", "data", "message", "hint"),
    [
        ("com2", None, "The data of com2 .authors. is not on this machine", "data pull com2"),
        ("mmlu", "hub", "The data of mmlu .hub. is not", "data pull mmlu --source hub"),
        ("mmlu", "imported", "No data has been imported for mmlu", "data import FILE --task mmlu"),
        ("wow", None, "the authors publish no file of it", "data import FILE --task wow"),
        ("stem", "hub", "stem has no source 'hub'", "It has: authors"),
        ("medical", None, "The data of medqa", "data pull medqa"),
    ],
)
def test_data_that_is_not_here_is_said_with_the_command_to_run(name, data, message, hint):
    with pytest.raises(HswarmError, match=message) as caught:
        load_task(name, data=data)
    assert hint in caught.value.hint


def test_a_task_without_a_bundled_set_has_none():
    with pytest.raises(HswarmError, match="no source 'bundled'"):
        load_task("com2", data="bundled")
    with pytest.raises(HswarmError, match="no source 'bundled'"):
        find_data(spec("com2"), "bundled")
