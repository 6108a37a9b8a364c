"""GAIA-text from rows in GAIA's published form: which questions stay, what their chunks are."""

import json
from pathlib import Path

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.gaia_steps import build_items, is_gaia, split_steps
from hswarm.tasks.load import load_task

FIXTURE = Path(__file__).parent / "fixtures" / "gaia.jsonl"


@pytest.fixture
def rows():
    return [json.loads(line) for line in FIXTURE.read_text().splitlines()]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1. Look.\n2. Read on.", ["Look.", "Read on."]),
        ("1) Look.\n 2) Read\non.", ["Look.", "Read on."]),
        ("Step 1: Look.\nstep 2: Read.", ["Look.", "Read."]),
        ("Look.\n\nRead.", ["Look.", "Read."]),
        ("1. It rose to 3.5 m.\n2. Then 1984. came", ["It rose to 3.5 m.", "Then 1984. came"]),
        ("", []),
    ],
)
def test_an_annotators_steps(text, steps):
    assert split_steps(text) == steps


def test_questions_stay_whose_answer_a_step_says_and_that_need_no_file(rows):
    assert all(is_gaia(row) for row in rows)
    items = build_items(rows, "gaia")
    assert [item["id"][-1] for item in items] == ["1", "2", "6"]
    assert items[0]["answer"] == "17"
    assert items[0]["domain"] == "level 1"
    assert items[0]["context_chunks"][-1] == (
        "Read in the table that the third planet has 17 moons."
    )
    assert items[1]["context_chunks"][0] == "Look up the barn. It has a page of its own."


def test_a_long_way_is_dealt_into_ten_chunks_and_nothing_is_lost(rows):
    chunks = build_items(rows, "gaia")[-1]["context_chunks"]
    assert len(chunks) == 10
    words = "one two three four five six seven eight nine ten eleven It ends in Lund."
    assert " ".join(chunks) == words


def test_a_download_of_gaia_is_a_task_at_once():
    task = load_task("gaia-text", data=str(FIXTURE))
    assert len(task.dev) + len(task.test) == 3
    assert task.max_tokens == 50
    for example in (*task.dev, *task.test):
        assert task.scorer(example, f"FINAL ANSWER: {example.answers[0]}") == 1.0


def test_rows_without_answers_are_refused(rows):
    with pytest.raises(HswarmError, match="no question of it can be answered"):
        build_items(rows[3:4], "gaia")
