"""Rows of any shape become items of the one format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.errors import HswarmError
from hswarm.tasks.fields import Fields, split_context, to_items


def one(row, **fields):
    return to_items([row], Fields(**fields), "data")[0]


@pytest.mark.parametrize(
    ("row", "fields", "item"),
    [
        ({"question": "Q?"}, {}, {"question": "Q?"}),
        ({"q": "Q?", "a": 7}, {"question": "q", "answer": "a"}, {"question": "Q?", "answer": "7"}),
        (
            {"question": "Q?", "answer": "First 3.\n#### 1,234"},
            {"answer": "answer", "answer_after": "####"},
            {"question": "Q?", "answer": "1,234"},
        ),
        (
            {"question": "Q?", "options": ["x", "y"], "gold": 1},
            {"choices": "options", "answer": "gold", "answer_is": "index"},
            {"question": "Q?", "choices": {"A": "x", "B": "y"}, "answer": "B"},
        ),
        (
            {"question": "Q?", "one": "x", "two": "y", "gold": "1"},
            {"choices": ("one", "two"), "answer": "gold", "answer_is": "number"},
            {"question": "Q?", "choices": {"A": "x", "B": "y"}, "answer": "A"},
        ),
        (
            {"question": "Q?", "options": {"A": "x", "C": "y"}, "gold": "C"},
            {"choices": "options", "answer": "gold", "answer_is": "label"},
            {"question": "Q?", "choices": {"A": "x", "C": "y"}, "answer": "C"},
        ),
        (
            {"question": "Q?", "mc": {"texts": ["x", "y"], "marks": [0, 1]}},
            {"choices": "mc.texts", "answer": "mc.marks", "answer_is": "flags"},
            {"question": "Q?", "choices": {"A": "x", "B": "y"}, "answer": "B"},
        ),
        (
            {"question": "Q?", "id": 3, "kind": "k", "text": "a b c d"},
            {"id": "id", "domain": "kind", "context": "text", "chunks": 2},
            {"question": "Q?", "id": "3", "domain": "k", "context_chunks": ["a b", "c d"]},
        ),
        (
            {"question": "Q?", "texts": ["a", "b"]},
            {"context": "texts"},
            {"question": "Q?", "context_chunks": ["a", "b"]},
        ),
    ],
)
def test_a_row(row, fields, item):
    assert one(row, **fields) == item


@pytest.mark.parametrize(
    ("row", "fields", "message"),
    [
        ({"q": "Q?"}, {}, "data: row 1: there is no column 'question'"),
        ({"question": "Q?"}, {"answer": "a.b"}, "row 1: there is no column 'a.b'"),
        ({"question": "Q?", "c": "x"}, {"choices": "c"}, "row 1: the choices are no list"),
        (
            {"question": "Q?", "c": ["x"], "a": 1},
            {"choices": "c", "answer": "a", "answer_is": "index"},
            "row 1: the answer 1 marks none of the 1 choices",
        ),
        (
            {"question": "Q?", "c": ["x"], "a": 0},
            {"choices": "c", "answer": "a", "answer_is": "number"},
            "the answer 0 marks none",
        ),
        (
            {"question": "Q?", "c": ["x"], "a": [0]},
            {"choices": "c", "answer": "a", "answer_is": "flags"},
            "marks none",
        ),
    ],
)
def test_a_row_that_does_not_fit_is_named(row, fields, message):
    with pytest.raises(HswarmError, match=message):
        one(row, **fields)


def test_shuffled_choices_keep_the_answer_and_put_it_at_no_fixed_place():
    places = []
    for number in range(60):
        row = {"question": f"Q{number}?", "c": ["right", "w1", "w2"], "a": [1, 0, 0]}
        fields = {"choices": "c", "answer": "a", "answer_is": "flags", "shuffle": True}
        item = one(row, **fields)
        assert item["choices"][item["answer"]] == "right"
        assert sorted(item["choices"].values()) == ["right", "w1", "w2"]
        assert item == one(row, **fields)
        places.append(item["answer"])
    assert {places.count(letter) > 8 for letter in "ABC"} == {True}


@given(text=st.text(alphabet="ab \n", max_size=60), chunks=st.integers(1, 12))
def test_chunks_are_the_text_in_parts_of_about_one_length(text, chunks):
    parts = split_context(text, chunks)
    assert " ".join(parts) == text
    sizes = [len(part.split(" ")) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == min(chunks, len(text.split(" ")))
