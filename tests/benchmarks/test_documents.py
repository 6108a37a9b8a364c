"""The documents quote what the benchmarks wrote."""

import json
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "tables"), [("headroom", 1), ("quality", 3), ("presets", 1)])
def test_the_tables_in_the_document_are_those_that_were_measured(name, tables):
    parts = (ROOT / f"benchmarks/results/{name}.md").read_text().split("\n\n")
    measured = [part.strip() for part in parts if part.startswith("|")]
    document = (ROOT / "docs/search.md").read_text()
    assert all(table in document for table in measured[:tables])


@pytest.mark.parametrize("task", ["gaia-text", "gsm8k", "knowledge-crosswords", "nlgraph"])
def test_the_readme_says_how_far_the_default_is_from_the_papers_setting(task):
    lines = (ROOT / "benchmarks/results/presets.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["task"] == task]
    default, paper = (
        f"{fmean(row['unseen'] for row in rows if row['variant'] == name):.3f}".lstrip("0")
        for name in ("default", "paper")
    )
    assert f"{task} {default} : {paper}" in (ROOT / "README.md").read_text()
