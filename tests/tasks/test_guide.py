"""What docs/tasks.md says there is, is there."""

import re
from pathlib import Path

import pytest

from hswarm.cli.settings import collect
from hswarm.tasks.load import load_task
from hswarm.tasks.scorers import SCORERS

GUIDE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()


def test_its_task_is_one(tmp_path):
    (block,) = re.findall(r"```yaml\n# tasks/(rivers).yaml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / f"{block[0]}.yaml").write_text(block[1])
    rows = ["Q,A,B,C,answer", "Through Lund?,Höje å,Rhine,Po,A", "Through Basel?,Po,Rhine,Elbe,B"]
    (tmp_path / "rivers.csv").write_text("\n".join(rows))
    task = load_task(str(tmp_path / "rivers.yaml"))
    assert (len(task.dev), len(task.test), task.max_tokens) == (1, 1, 16)
    example = task.dev[0]
    assert example.question.endswith("\nAnswer with a letter.")
    assert task.scorer(example, f"The answer is {example.answers[0]}.") == 1.0


def test_its_table_names_every_scorer():
    table = GUIDE.partition("| scorer |")[2].partition("\n\n")[0]
    named = re.findall(r"`([\w-]+)`", "\n".join(row.split("|")[1] for row in table.split("\n")[2:]))
    assert sorted(named) == sorted(SCORERS)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("qasper", "scorer.name=token-f1"),
        ("human-plastic", "scorer.arguments.judge.provider=local"),
        ("human-plastic", "scorer.arguments.judge.provider=openai"),
        ("realtoxicityprompts", "scorer.arguments.detector.provider=local"),
        ("rm", "scorer.arguments.reward.model=M"),
    ],
)
def test_its_settings_are_taken(name, line, tmp_path):
    """Each line of settings in the guide that begins so is laid over a task's own."""
    joined = GUIDE.replace("\\\n", " ")
    written = next(row for row in joined.splitlines() if row.startswith(f"--set {line}"))
    scorer = collect(None, re.findall(r"--set (\S+)", written), {})["scorer"]
    data = tmp_path / "data.json"
    data.write_text('{"dev": [{"question": "?", "answer": "x"}], "test": [{"question": "!"}]}')
    task = load_task(name, data=None if name == "qasper" else str(data), scorer=scorer)
    said = task.scorer.model_dump_json() + task.scorer_name
    assert all(value in said for value in re.findall(r"=(\S+)", written))
