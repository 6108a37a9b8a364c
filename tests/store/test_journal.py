"""The journal: lines that outlive their writer, and a torn one that does no harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.errors import HswarmError
from hswarm.store.journal import Journal, read_journal

EVENTS = [{"event": "step", "number": number, "text": "é\n"} for number in range(5)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def written(path):
    journal = Journal(path)
    sizes = [journal.size]
    for event in EVENTS:
        journal.append(event)
        sizes.append(journal.size)
    journal.close()
    return sizes


def test_events_come_back_in_order(path):
    written(path)
    assert list(read_journal(path)) == EVENTS


def test_size_is_the_files(path):
    assert written(path)[-1] == path.stat().st_size


def test_reopened_journal_goes_on_at_its_end(path):
    written(path)
    journal = Journal(path)
    journal.append({"event": "more"})
    journal.close()
    assert list(read_journal(path)) == [*EVENTS, {"event": "more"}]


def test_readers_see_a_line_as_soon_as_it_is_appended(path):
    journal = Journal(path)
    journal.append(EVENTS[0])
    assert list(read_journal(path)) == EVENTS[:1]
    journal.close()


@settings(deadline=None)
@given(st.integers(0, 5))
def test_cut_drops_what_came_later(tmp_path_factory, kept):
    path = tmp_path_factory.mktemp("cut") / "journal.jsonl"
    sizes = written(path)
    journal = Journal(path)
    journal.cut(sizes[kept])
    assert journal.size == sizes[kept]
    journal.append({"event": "again"})
    journal.close()
    assert list(read_journal(path)) == [*EVENTS[:kept], {"event": "again"}]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_torn_end_is_left_out_and_then_written_over(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("torn") / "journal.jsonl"
    sizes = written(path)
    length = data.draw(st.integers(0, sizes[-1]))
    path.write_bytes(path.read_bytes()[:length])
    whole = sum(size <= length for size in sizes) - 1
    assert list(read_journal(path)) == EVENTS[:whole]
    journal = Journal(path)
    assert journal.size == sizes[whole]
    journal.append({"event": "again"})
    journal.close()
    assert list(read_journal(path)) == [*EVENTS[:whole], {"event": "again"}]


def test_missing_journal_is_empty(path):
    assert list(read_journal(path)) == []


@pytest.mark.parametrize("line", [b"{broken", b"[1]", b"\xff\xfe", b""])
def test_damaged_line_is_named(path, line):
    written(path)
    path.write_bytes(path.read_bytes() + line + b'\n{"event":"after"}\n')
    with pytest.raises(HswarmError, match="line 6 is damaged"):
        list(read_journal(path))
