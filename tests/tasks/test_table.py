"""Files of rows: JSON, JSON lines, CSV."""

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.table import read_content


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path / name

    return write


ROWS = [{"question": "A, or B?", "answer": "3"}, {"question": "C\nD", "answer": "é"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "x.json",
            '[{"question": "A, or B?", "answer": "3"}, {"question": "C\\nD", "answer": "é"}]',
        ),
        (
            "x.jsonl",
            '{"question": "A, or B?", "answer": "3"}\n\n{"question": "C\\nD", "answer": "é"}\n',
        ),
        ("x.csv", 'question,answer\n"A, or B?",3\n"C\nD",é\n'),
        ("x.csv", '\ufeffquestion,answer\r\n"A, or B?",3\r\n"C\nD",é\r\n'),
    ],
)
def test_the_same_rows_in_every_form(file, name, text):
    assert read_content(file(name, text)) == ROWS


def test_json_with_splits_stays_what_it_is(file):
    assert read_content(file("x.json", '{"dev": [], "test": []}')) == {"dev": [], "test": []}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", "[1, 2", r"x\.json: line 1: "),
        ("x.json", "[1, 2]", r"x\.json: row 1 is no object"),
        ("x.json", "[]", r"x\.json: it holds no rows"),
        ("x.jsonl", '{"a": 1}\n{"a": }\n', r"x\.jsonl: line 2: "),
        ("x.csv", "a,b\n1,2,3\n", r"x\.csv: row 1 has not as many columns"),
        ("x.csv", "a,b\n1\n", r"x\.csv: row 1 has not as many columns"),
        ("x.csv", 'a,b\n"1,2\n', r"x\.csv: (line|row) "),
        ("x.csv", b"a\n\xff\n", r"x\.csv is not UTF-8"),
        ("x.csv", "a,b\n", r"x\.csv: it holds no rows"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(file, name, text, message):
    with pytest.raises(HswarmError, match=message):
        read_content(file(name, text))
