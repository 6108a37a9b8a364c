"""lm-evaluation-harness asks a served pipeline the items of a task in a local file."""

import json
import sys

import pytest

pytest.importorskip("lm_eval", reason="lm-eval is not installed: make test-clients")

TASK = """\
task: golden
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{text}}}}"
doc_to_target: "{{{{target}}}}"
generation_kwargs: {{until: ["\\n\\n"], temperature: 0.0, max_gen_toks: 64}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


def test_it_scores_what_the_pipeline_answers(address, golden, run, tmp_path):
    texts = ["\n".join([*item["context_chunks"], "", item["question"]]) for item in golden]
    targets = [golden[0]["answer"], "something else"]
    lines = (json.dumps({"text": x, "target": y}) for x, y in zip(texts, targets, strict=True))
    (tmp_path / "items.jsonl").write_text("\n".join(lines))
    (tmp_path / "golden.yaml").write_text(TASK.format(data=tmp_path / "items.jsonl"))
    model = f"model=my-pipeline,base_url={address}/v1/chat/completions,num_concurrent=2"
    run(
        sys.executable, "-m", "lm_eval", "run", "--model", "local-chat-completions",
        "--model_args", model, "--tasks", "golden", "--include_path", tmp_path,
        "--apply_chat_template", "--output_path", tmp_path / "out", "--log_samples",
        HF_HOME=str(tmp_path / "cache"),
    )  # fmt: skip

    result = json.loads(next(tmp_path.glob("out/**/results_*.json")).read_text())
    assert result["results"]["golden"]["exact_match,none"] == 0.5
    samples = next(tmp_path.glob("out/**/samples_*.jsonl")).read_text().splitlines()
    said = {json.loads(s)["doc_id"]: json.loads(s)["filtered_resps"][0] for s in samples}
    assert said == {number: item["answer"] for number, item in enumerate(golden)}
