"""The memo on disk keeps what it was given, stays small, and is never a reason to stop."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.engines.memo import Remembered
from hswarm.engines.request import Completion
from hswarm.errors import HswarmError
from hswarm.store.memo import SqliteMemo


def entry(number, step=0):
    return (f"key {number}", Remembered(Completion(f"text {number}", number, 7), step))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "memo.sqlite"


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")),
        st.builds(
            Remembered,
            st.builds(Completion, st.text(), st.integers(0), st.integers(0), st.booleans()),
            st.none() | st.integers(0, 10**6),
        ),
    )
)
def test_answers_come_back_exactly(tmp_path_factory, entries):
    path = tmp_path_factory.mktemp("memo") / "memo.sqlite"
    with SqliteMemo(path) as memo:
        memo.save(list(entries.items()))
        assert {key: memo.load(key) for key in entries} == entries
    with SqliteMemo(path) as memo:
        assert len(memo) == len(entries)
        assert {key: memo.load(key) for key in entries} == entries
        assert memo.note is None


def test_unknown_key_is_none(path):
    with SqliteMemo(path) as memo:
        assert memo.load("key") is None


def test_saved_again_is_saved_over(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(1, step=4)])
        memo.save([entry(1, step=2), entry(2)])
        assert len(memo) == 2
        assert memo.load("key 1").step == 2


def test_rewind_forgets_the_steps_from_there_on(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(step, step=step) for step in range(6)])
        memo.rewind(3)
    with SqliteMemo(path) as memo:
        assert [memo.load(f"key {n}").step for n in range(6)] == [0, 1, 2, None, None, None]
        assert memo.load("key 5").completion.text == "text 5"


def test_oldest_answers_are_dropped_beyond_the_bound(path):
    with SqliteMemo(path, max_answers=10) as memo:
        for start in range(0, 25, 5):
            memo.save([entry(number) for number in range(start, start + 5)])
        assert len(memo) == 10
        assert memo.load("key 14") is None
        assert memo.load("key 15") is not None
        memo.save([entry(number) for number in range(100, 130)])
        assert len(memo) == 10
        assert memo.load("key 129") is not None


def test_saving_over_does_not_drop_others(path):
    with SqliteMemo(path, max_answers=3) as memo:
        memo.save([entry(1), entry(2), entry(3)])
        for step in range(5):
            memo.save([entry(2, step=step)])
        assert len(memo) == 3


def test_failed_save_saves_nothing(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(1)])
        with pytest.raises(HswarmError):
            memo.save([entry(2), (None, entry(3)[1])])
        assert len(memo) == 1
        memo.save([entry(4)])
        assert len(memo) == 2


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"\0" * 5000, b"SQLite format 3\0junk"]
)
def test_damaged_file_is_set_aside_and_said_so(path, content):
    path.write_bytes(content)
    with SqliteMemo(path) as memo:
        assert len(memo) == 0
        assert "memo.damaged.sqlite" in memo.note
        memo.save([entry(1)])
    assert path.with_name("memo.damaged.sqlite").read_bytes() == content
    with SqliteMemo(path) as memo:
        assert memo.note is None
        assert len(memo) == 1


def test_damage_inside_the_file_is_found_on_opening(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(number) for number in range(2000)])
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    path.write_bytes(content)
    with SqliteMemo(path) as memo:
        assert memo.note is not None
        assert len(memo) == 0


def test_file_of_another_form_is_set_aside(path):
    SqliteMemo(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with SqliteMemo(path) as memo:
        assert "form 99" in memo.note


def test_memo_open_elsewhere_is_refused_not_set_aside(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(1)])
        with pytest.raises(HswarmError, match="locked"):
            SqliteMemo(path)
        assert memo.load("key 1") is not None


def test_folder_that_is_not_there_is_said_in_plain_words(tmp_path):
    with pytest.raises(HswarmError, match="cannot be read or written"):
        SqliteMemo(tmp_path / "nowhere" / "memo.sqlite")


def test_answers_are_found_by_key_without_a_scan(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(1)])
    plan = sqlite3.connect(path).execute(
        "EXPLAIN QUERY PLAN SELECT completion, step FROM answer WHERE key = 'key 1'"
    )
    assert "USING INDEX" in plan.fetchall()[0][-1]


def test_a_shared_one_is_open_to_several_who_find_what_the_others_saved(path):
    with SqliteMemo(path, shared=True) as one, SqliteMemo(path, shared=True) as other:
        one.save([entry(1)])
        other.save([entry(2), entry(3)])
        assert other.load("key 1") == entry(1)[1]
        assert one.load("key 2") == entry(2)[1]
        assert len(one) == len(other) == 3
        assert one.generated_tokens() == 3 * 7


def test_one_that_is_not_shared_is_nobody_elses(path):
    with SqliteMemo(path) as memo:
        memo.save([entry(1)])
        with pytest.raises(HswarmError, match="locked"), SqliteMemo(path):
            pass
        assert memo.generated_tokens() == 7


def test_an_empty_one_took_no_tokens(path):
    with SqliteMemo(path) as memo:
        assert memo.generated_tokens() == 0
