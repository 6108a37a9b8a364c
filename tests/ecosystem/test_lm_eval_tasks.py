"""Tasks of lm-evaluation-harness, from a task file on this machine."""

import json
import sys
from pathlib import Path

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.load import load_task

SUMS = Path(__file__).with_name("sums.yaml")


@pytest.fixture
def sums(tmp_path, monkeypatch):
    """Write the task beside its data; return its file, changed by (before, after) pairs."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for split, start in (("validation", 0), ("test", 100)):
        rows = [{"a": start + k, "b": k} for k in range(6)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def write(*changes):
        text = SUMS.read_text().replace("DIR", str(tmp_path))
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "sums.yaml").write_text(text)
        return tmp_path / "sums.yaml"

    return write


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(HswarmError, match="needs lm-evaluation-harness") as caught:
        load_task("lm-eval:gsm8k")
    assert caught.value.hint == "pip install 'hswarm[lm-eval]'"


@pytest.mark.needs_lm_eval
def test_documents_prompts_filters_and_metrics_are_the_harnesss(sums):
    task = load_task(f"lm-eval:{sums()}", limit=4)
    assert (len(task.dev), len(task.test), task.max_tokens) == (4, 4, 12)
    item = task.test[2]
    assert (item.question, item.answers) == ("Sum: 102 + 2 =", ("104",))
    assert task.metric == "exact_match"
    assert task.scorer(item, " 104, I think. 7") == 1.0
    assert task.scorer(item, "first 7, then 104") == 0.0
    assert task.scorer(item, "no\n104") == 0.0
    assert task.scorer(item, "") == 0.0
    last = load_task(f"lm-eval:{sums()}@last-number", limit=4)
    assert last.scorer(item, "first 7, then 104") == 1.0
    assert last.fingerprint != task.fingerprint


@pytest.mark.needs_lm_eval
def test_one_split_is_shared_out(sums):
    path = sums(("validation_split: validation\n", ""))
    task = load_task(f"lm-eval:{path}")
    assert (len(task.dev), len(task.test)) == (3, 3)
    assert not {e.question for e in task.dev} & {e.question for e in task.test}


@pytest.mark.needs_lm_eval
@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        (
            (
                ("output_type: generate_until", "output_type: multiple_choice"),
                ('"{{a + b}}"', "0\ndoc_to_choice: ['1', '2']"),
                ("exact_match", "acc"),
            ),
            "",
            "is a multiple_choice task: it compares likelihoods",
        ),
        ((), "@second", "has no filter 'second'"),
        (
            (("higher_is_better: true", "higher_is_better: false"),),
            "",
            "no metric that gives every item a number",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(sums, changes, name, message):
    with pytest.raises(HswarmError, match=message):
        load_task(f"lm-eval:{sums(*changes)}{name}", limit=2)


@pytest.mark.needs_lm_eval
def test_an_unknown_task_is_a_user_error():
    with pytest.raises(HswarmError, match="no task 'gsm9k_of_nobody'"):
        load_task("lm-eval:gsm9k_of_nobody")


def test_its_data_and_scorer_cannot_be_replaced():
    with pytest.raises(HswarmError, match="comes with its own data and scoring"):
        load_task("lm-eval:gsm8k", data="mine.json")
