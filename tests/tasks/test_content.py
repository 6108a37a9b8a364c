"""From a file of any kind to a dev and a test split."""

import json

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.content import read_file
from hswarm.tasks.fields import Fields


@pytest.fixture
def rows(tmp_path):
    def write(rows, name="x.json"):
        (tmp_path / name).write_text(json.dumps(rows))
        return tmp_path / name

    return write


def test_rows_are_split_the_same_way_every_time_and_share_none(rows):
    path = rows([{"question": f"Q{k}?", "answer": str(k)} for k in range(50)])
    first, again = read_file(path, None, dev=20), read_file(path, None, dev=20)
    assert first == again
    dev, test = ([item["question"] for item in first[split]] for split in ("dev", "test"))
    assert (len(dev), len(test)) == (20, 30)
    assert len({*dev, *test}) == 50
    assert dev != [f"Q{k}?" for k in range(20)]


def test_without_a_number_at_most_half_is_for_dev(rows):
    split = read_file(rows([{"question": f"Q{k}?"} for k in range(7)]), None)
    assert (len(split["dev"]), len(split["test"])) == (3, 4)


def test_a_column_may_say_the_split(rows):
    path = rows([{"question": "a", "split": "test"}, {"question": "b", "split": "dev"}])
    assert read_file(path, None) == {"dev": [{"question": "b"}], "test": [{"question": "a"}]}


def test_fields_are_applied_in_both_splits_and_the_rest_stays(rows):
    path = rows({"dev": [{"q": "a"}], "test": [{"q": "b"}], "icl_prompt": "Question: 1"})
    content = read_file(path, Fields(question="q"))
    assert content == {
        "dev": [{"question": "a"}],
        "test": [{"question": "b"}],
        "icl_prompt": "Question: 1",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"question": "a"}], "one row is not enough"),
        ([{"question": "a", "split": "dev"}, {"question": "b"}], "row 2: its split is None"),
        ({"dev": [{"q": "a"}]}, 'no "dev" and "test"'),
    ],
)
def test_what_cannot_be_split_is_said(rows, content, message):
    with pytest.raises(HswarmError, match=message):
        read_file(rows(content), Fields(question="q") if isinstance(content, dict) else None)
