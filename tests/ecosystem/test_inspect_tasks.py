"""Tasks of Inspect, from a file on this machine."""

import asyncio
import sys
from pathlib import Path

import pytest

from hswarm.engines.request import CallFailed
from hswarm.errors import HswarmError
from hswarm.tasks.load import load_task

CAPITALS = Path(__file__).with_name("capitals.py")


def load(name):
    return load_task(f"inspect:{CAPITALS}@{name}")


def score(task, example, answer):
    return asyncio.run(task.scorer(example, answer))


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    monkeypatch.setitem(sys.modules, "inspect_ai._eval.loader", None)
    with pytest.raises(HswarmError, match="needs Inspect") as caught:
        load("capitals")
    assert caught.value.hint == "pip install 'hswarm[inspect]'"


@pytest.mark.needs_inspect
def test_samples_prompts_and_scorers_are_inspects():
    task = load("capitals")
    assert (len(task.dev), len(task.test)) == (2, 2)
    item = task.test[0]
    country = item.question.removeprefix("Be brief.\n\nSay it: Capital of ").rstrip("?")
    assert item.answers == (
        {"France": "Paris", "Japan": "Tokyo", "Kenya": "Nairobi", "Peru": "Lima"}[country],
    )
    assert score(task, item, f"It is {item.answers[0]}, surely.") == 1.0
    assert score(task, item, "It is Oslo.") == 0.0
    assert load("capitals").fingerprint == task.fingerprint != load("chosen").fingerprint


@pytest.mark.needs_inspect
def test_multiple_choice_is_parsed_as_inspect_does():
    task = load("chosen")
    item = task.dev[0]
    assert "A) Oslo" in item.question
    assert score(task, item, "ANSWER: B") == 1.0
    assert score(task, item, "ANSWER: A") == 0.0
    assert score(task, item, "I don't know") == 0.0


@pytest.mark.needs_inspect
def test_a_task_that_asks_twice_is_not_scored():
    task = load("twice")
    with pytest.raises(CallFailed, match="ask more than once"):
        score(task, task.dev[0], "Paris")


@pytest.mark.needs_inspect
@pytest.mark.parametrize(
    ("name", "message"),
    [("tooled", "gives the model tools"), ("nowhere", "cannot be loaded|is 0 tasks")],
)
def test_what_is_no_question_and_answer_is_refused(name, message):
    with pytest.raises(HswarmError, match=message):
        load(name)
