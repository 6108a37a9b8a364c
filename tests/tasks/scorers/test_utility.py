"""Utilities that are functions of the user's."""

import asyncio

import pytest

from hswarm.engines.request import CallFailed
from hswarm.errors import HswarmError
from hswarm.evaluate import evaluate
from hswarm.tasks.load import load_task
from hswarm.tasks.scorers.utility import Utility
from hswarm.tasks.task import Example

MODULE = """
import numpy as np

def of_outputs(outputs):
    return sum(len(output.answer) for output in outputs) / len(outputs)

def of_model(model, examples):
    first, *others = model([example for example in examples])
    assert model("a prompt of my own") == "A PROMPT OF MY OWN"
    return 1.0 if others == [e.question.upper() for e in examples[1:]] else 0.0

def strange(data):
    return 1.0

def failing(outputs):
    raise KeyError("no")

def exact(outputs):
    return np.float32(0.5)

def wordy(outputs):
    return "good"

number = 3
"""
EXAMPLES = [Example(str(k), "x" * k, ("",)) for k in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _module(tmp_path, monkeypatch):
    (tmp_path / "of_mine.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def strange(outputs)")
    monkeypatch.syspath_prepend(str(tmp_path))


async def shout(example):
    await asyncio.sleep(0)
    return example.question.upper()


def rate(name, ask=shout):
    return asyncio.run(Utility(function=f"of_mine:{name}").rate(EXAMPLES, ask))


def test_it_is_given_the_outputs():
    assert rate("of_outputs") == 2.0


def test_a_number_of_another_library_is_one():
    assert rate("exact") == 0.5


def test_it_is_given_a_model_that_it_can_call():
    assert rate("of_model") == 1.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("of_mine:strange", "takes data"),
        ("of_mine:nothing", "no function of_mine:nothing"),
        ("of_nobody:strange", "no function of_nobody:strange"),
        ("of_mine:number", "is no function"),
        ("of_mine", "'of_mine' names no function"),
        (":strange", "':strange' names no function"),
        ("of_mine:", "'of_mine:' names no function"),
        ("broken:strange", "broken cannot be imported: SyntaxError"),
    ],
)
def test_what_is_no_utility_is_refused_before_any_work(name, said):
    with pytest.raises(HswarmError, match=said):
        Utility(function=name).check()


@pytest.mark.parametrize(
    ("name", "said"), [("failing", "failed: KeyError"), ("wordy", "'good', which is no number")]
)
def test_what_goes_wrong_in_it_is_said(name, said):
    with pytest.raises(HswarmError, match=said):
        rate(name)


def test_where_a_call_fails_a_system_has_no_utility():
    async def fail(example):
        raise CallFailed("nobody is there")

    for name in ("of_outputs", "of_model"):
        with pytest.raises(CallFailed):
            rate(name, fail)

    class Mute:
        async def answer(self, example, engine, sampling):
            raise CallFailed("nobody is there")

    scorer = Utility(function="of_mine:of_outputs")
    [done] = asyncio.run(evaluate([Mute()], EXAMPLES, scorer, None, None))
    assert done.failures == ("the whole: nobody is there",)
    assert done.utility != done.utility


def test_a_task_s_file_cannot_name_code(tmp_path):
    spec = tmp_path / "theirs.yaml"
    spec.write_text(
        "name: theirs\ntitle: Theirs\ncategory: knowledge\ndata: {file: items.json}\n"
        "scorer: {name: utility, arguments: {function: 'os:system'}}\n"
        "metric: accuracy\nmax_tokens: 4\ntemplate: '{question}'\n"
    )
    item = '{"id": "0", "question": "?", "answer": "1"}'
    (tmp_path / "items.json").write_text(f'{{"dev": [{item}], "test": [{item}]}}')
    with pytest.raises(HswarmError, match="names no code"):
        load_task(str(spec))
