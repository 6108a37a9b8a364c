"""Inspect asks a served pipeline the samples of a local task."""

import json
import sys

import pytest

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed: make test-clients")

TASK = """\
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import exact


@task
def golden():
    return Task(dataset=json_dataset("items.jsonl"), scorer=exact())
"""


def test_it_scores_what_the_pipeline_answers(address, golden, run, tmp_path):
    from inspect_ai.log import list_eval_logs, read_eval_log

    texts = ["\n".join([*item["context_chunks"], "", item["question"]]) for item in golden]
    targets = [golden[0]["answer"], "something else"]
    lines = (json.dumps({"input": x, "target": y}) for x, y in zip(texts, targets, strict=True))
    (tmp_path / "items.jsonl").write_text("\n".join(lines))
    (tmp_path / "golden.py").write_text(TASK)
    run(
        sys.executable, "-m", "inspect_ai", "eval", "golden.py", "--display", "plain",
        "--model", "openai-api/local/my-pipeline", "--temperature", "0", "--log-dir", "logs",
        LOCAL_API_KEY="none", LOCAL_BASE_URL=f"{address}/v1",
    )  # fmt: skip

    [log] = list_eval_logs(str(tmp_path / "logs"))
    done = read_eval_log(log)
    assert done.status == "success"
    assert done.results.scores[0].metrics["mean"].value == 0.5
    said = [sample.output.completion for sample in done.samples]
    assert said == [item["answer"] for item in golden]
