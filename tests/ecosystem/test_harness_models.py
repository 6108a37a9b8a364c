"""A found system as a model of both harnesses; the system itself is replaced by a rule."""

import json
import re
from pathlib import Path

import pytest

from hswarm.errors import HswarmError
from hswarm.harness import found_system
from hswarm.harness.found_system import FoundSystem

HERE = Path(__file__).parent


@pytest.fixture
def adding(monkeypatch):
    """Have a found system that adds the numbers of a question, and goes on talking."""
    asked = []

    def start(self, folder, *, trust):
        self.folder = folder

    def answer(self, questions, max_tokens):
        asked.extend(zip(questions, max_tokens, strict=True))
        return [f"{sum(map(int, re.findall(r'[0-9]+', q)))} it is\nSum: 1" for q in questions]

    monkeypatch.setattr(FoundSystem, "__init__", start)
    monkeypatch.setattr(FoundSystem, "answer", answer)
    monkeypatch.setattr(FoundSystem, "close", lambda self: None)
    return asked


@pytest.mark.needs_lm_eval
def test_lm_eval_evaluates_it(adding, tmp_path, monkeypatch):
    import lm_eval

    from hswarm.harness.lm_eval_model import HswarmLM

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for split in ("validation", "test"):
        rows = [{"a": k, "b": k} for k in range(4)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = tmp_path / "sums.yaml"
    task.write_text((HERE / "sums.yaml").read_text().replace("DIR", str(tmp_path)))
    model = HswarmLM(run="runs/it")
    done = lm_eval.simple_evaluate(model=model, tasks=[str(task)], bootstrap_iters=0)
    assert done["results"]["sums"]["exact_match,first-number"] == 1.0
    assert adding[0] == ("Sum: 0 + 0 =", 12)
    assert all("\n" not in s["resps"][0][0] for s in done["samples"]["sums"])
    with pytest.raises(HswarmError, match="has no likelihood"):
        model.loglikelihood([])
    model.close()


@pytest.mark.needs_inspect
def test_inspect_evaluates_it(adding, tmp_path):
    import inspect_ai
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import includes

    from hswarm.harness import inspect_model

    assert inspect_model.HswarmAPI
    task = inspect_ai.Task(dataset=[Sample(input="2 and 3?", target="5")], scorer=includes())
    (log,) = inspect_ai.eval(task, model="hswarm/runs/it", display="none", log_dir=str(tmp_path))
    assert log.status == "success"
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    assert adding == [("2 and 3?", 256)]


def test_a_run_that_is_not_finished_is_no_model(tmp_path, monkeypatch):
    monkeypatch.setattr(found_system, "read_config", lambda path: None)
    monkeypatch.setattr(found_system, "read_result", lambda path: None)
    with pytest.raises(HswarmError, match="is not finished"):
        FoundSystem(tmp_path)


def test_a_run_and_the_pipeline_that_was_exported_of_it_answer_alike(mixed_run, exported):
    question = "What is Ada's friend's job?"
    answers = []
    for folder in (mixed_run, exported):
        found = FoundSystem(folder)
        try:
            answers.append(found.answer([question, question], [64, 1]))
        finally:
            found.close()
    assert answers[0] == answers[1]
    assert len(answers[0][1].split()) == 1 < len(answers[0][0].split())
