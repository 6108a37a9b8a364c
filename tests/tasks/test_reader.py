"""The authors' JSON format: read as it is, or one line that says which item is wrong."""

import json
import os
from pathlib import Path

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.reader import parse_examples, read_examples

FIXTURES = Path(__file__).parent / "fixtures"
SUM = {"question": "1+1?", "answer": "2"}


def content(*dev, test=(SUM,), **more):
    return {"dataset": "sums", "dev": list(dev), "test": list(test), **more}


def test_choices_with_a_demonstration():
    dev, test = read_examples(FIXTURES / "choices.json")
    assert [len(dev), len(test)] == [2, 1]
    first = dev[0]
    assert first.id == "a7"
    assert first.question == (
        "Which one barks?\nA: cow\nB: dog\nThe answer is B.\n"
        "Question: Which one meows?\nA: cat\nB: owl"
    )
    assert first.answers == ("A",)
    assert first.choices == {"A": "cat", "B": "owl"}
    assert first.domain == "animals"
    assert first.context_chunks == ()


def test_context_chunks_and_numbers_as_ids():
    dev, test = read_examples(FIXTURES / "chunks.json")
    assert dev[0].id == "177"
    assert dev[0].context_chunks == ("The hat is Ada's.", "Ada's friend is Ben.")
    assert test[0].answers == ("Ben",)


def test_prompts_without_answers():
    dev, test = read_examples(FIXTURES / "prompts.json")
    assert [e.question for e in dev] == ["Tell me of trains.", "Tell me of ships."]
    assert [e.id for e in dev] == ["0", "1"]
    assert all(e.answers == () for e in (*dev, *test))


def test_where_ids_repeat_or_miss_items_go_by_position():
    repeated = [{**SUM, "id": 0}, {**SUM, "id": 0}, {**SUM, "id": 9}]
    missing = [{**SUM, "id": "x"}, SUM]
    dev, test = parse_examples(content(*repeated, test=missing), "x")
    assert [e.id for e in dev] == ["0", "1", "2"]
    assert [e.id for e in test] == ["0", "1"]


def test_a_byte_order_mark_and_unknown_fields_do_no_harm(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content({**SUM, "note": 3}, source="me")), encoding="utf-8-sig")
    assert read_examples(path)[0][0].answers == ("2",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "x: Input should be a valid dictionary"),
        ({}, "x: dev: Field required"),
        ({"dev": [SUM]}, "x: test: Field required"),
        (content(), "x: dev: .* at least 1 item"),
        (content(SUM, test=()), "x: test: .* at least 1 item"),
        ({"dev": [SUM], "test": {}}, "x: test: Input should be a valid list"),
        (content(SUM, 5), "x: dev item 1: Input should be a valid dictionary"),
        (content(SUM, {"answer": "2"}), "x: dev item 1: question: Field required"),
        (content({"question": ""}), "x: dev item 0: question: .* at least 1 character"),
        (content({"question": ["1+1?"]}), "x: dev item 0: question: .* valid string"),
        (content({**SUM, "answer": True}), "x: dev item 0: answer: .* valid string"),
        (content({**SUM, "answer": ["2"]}), "x: dev item 0: answer: .* valid string"),
        (content({**SUM, "id": [1]}), "x: dev item 0: id: .* valid string"),
        (content({**SUM, "choices": ["a"]}), "x: dev item 0: choices: .* valid dictionary"),
        (content({**SUM, "choices": {"A": None}}), "x: dev item 0: choices: A: .* valid string"),
        (content({**SUM, "context_chunks": "abc"}), "x: dev item 0: context_chunks: .* list"),
        (content({**SUM, "context_chunks": [1, []]}), "x: dev item 0: context_chunks: 1: "),
        (content({"question": "\ud800"}), "x: dev item 0: question: .* unicode"),
        (content(SUM, icl_prompt=[1]), "x: icl_prompt: .* valid string"),
    ],
)
def test_what_is_not_of_the_format_is_one_line_naming_the_item(data, message):
    with pytest.raises(HswarmError, match=message) as caught:
        parse_examples(data, "x")
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"dev": [\n{"question": "1+1?"},\n]}', r"x\.json: line 3: "),
        (b"", r"x\.json: line 1: Expecting value"),
        (b"\xff\xff", r"x\.json is not UTF-8"),
        (b'{"dev": ' + b"[" * 100_000, r"x\.json: .*recursion"),
        (b'{"dev": ' + b"9" * 5000 + b"}", r"x\.json: .*digits"),
    ],
)
def test_what_is_no_json_is_one_line_that_says_where(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_bytes(text)
    with pytest.raises(HswarmError, match=message) as caught:
        read_examples(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_user_error(tmp_path):
    with pytest.raises(HswarmError, match=r"none\.json cannot be read: No such file"):
        read_examples(tmp_path / "none.json")


def test_the_authors_files_are_read_whole():
    """$HSWARM_PAPER_DATA names a folder with some of them; without it, our own in that form."""
    folder = Path(os.environ.get("HSWARM_PAPER_DATA", FIXTURES))
    files = sorted(folder.glob("*.json"))
    assert files
    for file in files:
        raw = json.loads(file.read_text(encoding="utf-8"))
        for split, examples in zip(("dev", "test"), read_examples(file), strict=True):
            assert len(examples) == len(raw[split])
            assert len({e.id for e in examples}) == len(examples)
            for item, example in zip(raw[split], examples, strict=True):
                assert (item.get("question") or item["prompt"]) in example.question
                assert example.answers == ((item["answer"],) if "answer" in item else ())
                assert list(example.choices.items()) == list(item.get("choices", {}).items())
                assert list(example.context_chunks) == item.get("context_chunks", [])
