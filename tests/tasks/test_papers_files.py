"""The authors' files as they are: each loads, renders, scores, and has the sizes it should have.

Whoever has the files says where they lie, and all of them are tried:

    HSWARM_PAPER_DATA=some/folder python -m pytest tests/tasks/test_papers_files.py

Fixtures of ours in the same form are tried always.
"""

import asyncio
import json
import os
from inspect import isawaitable
from pathlib import Path

import pytest

from hswarm.catalog import find, names
from hswarm.tasks.load import load_task
from hswarm.tasks.pull import hash_of
from hswarm.tasks.spec import read_spec
from hswarm.tasks.task import Calibrating

FIXTURES = Path(__file__).parent / "fixtures"
GIVEN = os.environ.get("HSWARM_PAPER_DATA", "")
SPECS = [read_spec(find("tasks", name)) for name in names("tasks")]
AUTHORS = {Path(spec.data.authors.path).name for spec in SPECS if spec.data.authors is not None}
FILES = (
    sorted(path for path in Path(GIVEN).rglob("*.json") if path.name in AUTHORS) if GIVEN else []
)

FORMS = {
    "choices.json": "mmlu",
    "chunks.json": "qasper",
    "prompts.json": "human-finance",
    "demonstrated.json": "knowledge-crosswords",
    "numbers.json": "gsm8k",
    "graphs.json": "nlgraph",
    "beginnings.json": "realtoxicityprompts",
}
"""A fixture in each form that the authors' files come in, and a task that has it."""

OFFLINE = {
    "judge": {"arguments": {"judge": {"provider": "offline", "model": "rule"}}},
    "toxicity": {"arguments": {"detector": {"provider": "offline", "model": "rule"}}},
    "reward": {"arguments": {"reward": {"provider": "offline", "model": "rule"}}},
}


def try_out(name, path):
    """Load a file as the task's data, render every item and score the gold answer of each."""
    spec = read_spec(find("tasks", name))
    task = load_task(name, data=str(path), scorer=OFFLINE.get(spec.scorer.name))
    for example in (*task.dev, *task.test):
        assert example.question.strip()
        assert all(
            f"{label}: {text}" in example.question for label, text in example.choices.items()
        )
        if spec.template is not None:
            head, _, tail = spec.template.partition("{question}")
            assert head in example.question
            assert example.question.endswith(tail.rpartition("{choices}")[2])
    asyncio.run(score(task))
    return task


async def score(task):
    scorer = task.scorer
    if isinstance(scorer, Calibrating):
        scorer = await scorer.calibrate([(e, f"words {e.id}") for e in task.dev])
    for example in (*task.dev[:20], *task.test[:20]):
        gold = example.answers[0] if example.answers else "Thank you."
        value = scorer(example, gold if task.scorer_name == "judge" else f"The answer is {gold}")
        value = await value if isawaitable(value) else value
        if task.scorer_name != "abstain":  # its one round here is the first of two
            assert value > 0.5 if example.answers else value >= 0.0


@pytest.mark.parametrize(("file", "name"), FORMS.items())
def test_a_file_in_each_form(file, name):
    task = try_out(name, FIXTURES / file)
    assert not task.bundled


@pytest.mark.skipif(not GIVEN, reason="HSWARM_PAPER_DATA names no folder with the authors' files")
def test_the_folder_with_the_authors_files_has_some():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_the_authors(path):
    """Every task on this file: its hash is pinned, and its sizes are those of the papers."""
    specs = [
        spec
        for spec in SPECS
        if spec.data.authors is not None and Path(spec.data.authors.path).name == path.name
    ]
    assert specs
    content = json.loads(path.read_text())
    for spec in specs:
        assert spec.data.authors.sha256 == hash_of(path)
        task = try_out(spec.name, path)
        paper = spec.data.paper
        assert (len(task.dev), len(task.test)) == (len(content["dev"]), len(content["test"]))
        assert (len(task.dev), len(task.test)) == (paper.dev, paper.test) or paper.note


def test_every_task_of_the_papers_is_pinned_or_says_why_not():
    for spec in SPECS:
        if spec.data.paper is not None:
            assert spec.data.authors is not None or spec.data.missing
