"""The documents quote what the benchmarks wrote."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["headroom", "quality", "presets"])
def test_the_table_in_the_document_is_the_one_that_was_measured(name):
    _, table, *_ = (ROOT / f"benchmarks/results/{name}.md").read_text().split("\n\n")
    assert table.strip() in (ROOT / "docs/search.md").read_text()
