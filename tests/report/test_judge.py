"""A judge labels outputs and puts questions in other words; it is asked once."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest

from hswarm.engines.request import CallFailed, Completion, Remote
from hswarm.errors import HswarmError
from hswarm.report import evidence
from hswarm.report.judge import Judge, judging
from hswarm.report.opened import open_run


class Says:
    """Takes every output for feedback, and fails on the first."""

    def __init__(self):
        self.asked = []

    async def generate(self, request, /):
        self.asked.append(request.prompt)
        if len(self.asked) == 1:
            raise CallFailed("no route to host")
        if "paraphrase" in request.prompt:
            return Completion("1. Whose?\n2. Who?", 1, 1)
        return Completion("3. providing feedback", 1, 1)


@pytest.fixture
def judge(monkeypatch):
    says = Says()

    @asynccontextmanager
    async def judging(name, pool, folder):
        yield Judge(name, Remote("openai", "large"), says)

    monkeypatch.setattr(evidence, "judging", judging)
    return says


def test_labels_are_the_judges(made_up_run, judge):
    run = open_run(made_up_run)
    gathered = asyncio.run(evidence.gather(run, ask=False, judge="large"))
    assert gathered.judge == "large"
    assert {output.label for output in gathered.outputs} == {"feedback"}
    # What failed has no label; the rest has one for each node, item and best system.
    assert len(gathered.outputs) == len(judge.asked) - 1
    assert all("The problem is: " in prompt for prompt in judge.asked)


def test_questions_are_put_in_the_judges_words(made_up_run, judge, made_up_models, tmp_path):
    run = open_run(shutil.copytree(made_up_run, tmp_path / "whole"))
    gathered = asyncio.run(evidence.gather(run, ask=True, judge="large"))
    for questions in gathered.rewordings.values():
        assert all(len(answers) == 2 for answers in questions)


def test_a_judge_that_there_is_not(made_up_run, tmp_path):
    run = open_run(made_up_run)

    async def open_it(name):
        async with judging(name, run.pool, tmp_path):
            pass

    with pytest.raises(HswarmError, match="'large' cannot judge: the pool has no remote models"):
        asyncio.run(open_it("large"))
    (tmp_path / "judge.yaml").write_text("model: large\nkey: NO_SUCH_KEY_HERE\n")
    with pytest.raises(HswarmError, match="NO_SUCH_KEY_HERE"):
        asyncio.run(open_it(str(tmp_path / "judge.yaml")))


def test_a_judge_is_opened_from_a_file(made_up_run, tmp_path):
    run = open_run(made_up_run)
    (tmp_path / "judge.yaml").write_text("model: large\nbase_url: http://127.0.0.1:9/v1\n")

    async def open_it():
        async with judging(str(tmp_path / "judge.yaml"), run.pool, tmp_path) as judge:
            return judge.name, judge.model.model

    assert asyncio.run(open_it()) == ("judge", "large")
    assert (tmp_path / "judged.sqlite").is_file()
