"""Files of one's own: for a task that there is, or as a new one."""

import json

import pytest

from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.tasks.fields import Fields
from hswarm.tasks.importing import bring_along, make_task
from hswarm.tasks.load import load_task
from hswarm.tasks.spec import read_spec


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HSWARM_DATA", str(tmp_path / "data"))


@pytest.fixture
def table(tmp_path):
    lines = ["Q,A,one,two", *(f'"What is {k}, plus one?",{k % 2},no,{k + 1}' for k in range(10))]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    return tmp_path / "mine.csv"


FIELDS = Fields(question="Q", answer="A", choices=("one", "two"), answer_is="index")


def test_a_csv_becomes_a_task_that_can_be_run(table):
    entry = make_task(table, "mine", "multiple-choice", FIELDS, dev=4, max_tokens=16)
    assert str(entry) == "tasks/mine.yaml"
    task = load_task("mine")
    assert (len(task.dev), len(task.test), task.max_tokens) == (4, 6, 16)
    assert (task.title, task.metric) == ("mine (mine.json)", "accuracy")
    assert task.dev[0].question.endswith("\nA: no\nB: " + task.dev[0].choices["B"])
    assert task.scorer(task.dev[0], f"The answer is {task.dev[0].answers[0]}.") == 1.0
    with pytest.raises(HswarmError, match="is there already"):
        make_task(table, "mine", "multiple-choice", FIELDS, dev=4, max_tokens=16)


def test_data_for_a_task_that_there_is_is_used_when_asked_for(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        "\n".join(json.dumps({"question": f"{k}?", "answer": str(k)}) for k in range(6))
    )
    place, source = bring_along(path, read_spec(find("tasks", "gsm8k")), None, 2)
    assert source == "imported"
    assert place.is_relative_to(tmp_path / "data")
    task = load_task("gsm8k", data="imported")
    assert (task.title, len(task.dev), len(task.test)) == ("gsm8k (imported)", 2, 4)
    assert load_task("gsm8k").bundled


def test_what_is_no_data_is_refused_before_anything_is_written(tmp_path, table):
    path = tmp_path / "bad.json"
    path.write_text('{"dev": [{"answer": "1"}], "test": [{"question": "?"}]}')
    with pytest.raises(HswarmError, match="dev item 0"):
        bring_along(path, read_spec(find("tasks", "gsm8k")), None, None)
    with pytest.raises(HswarmError, match="no scorer 'exactly'"):
        make_task(table, "mine", "exactly", FIELDS, dev=4, max_tokens=16)
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "tasks").exists()


def test_a_yaml_of_ones_own_maps_columns_and_says_how_to_ask(tmp_path, table):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "own.yaml").write_text(
        "name: own\ntitle: Own\ndata:\n  file: ../mine.csv\n  dev: 3\n"
        "  fields: {question: Q, answer: A, choices: [one, two], answer_is: index}\n"
        'template: "Think. {question}\\n{choices}\\nLetter:"\n'
        "scorer: {name: multiple-choice}\nmetric: accuracy\nmax_tokens: 8\n"
    )
    task = load_task("own")
    assert (len(task.dev), len(task.test)) == (3, 7)
    assert task.dev[0].question.startswith("Think. What is ")
    assert task.dev[0].question.endswith("\nLetter:")
