"""Schemathesis reads the OpenAPI document and holds the server to it."""

import sys

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed: make test-clients")

# Left out: a body that the document allows may be refused for what it cannot express (the model's
# name is the pipeline's, the last message the user's), which `positive_data_acceptance` forbids.
LEFT_OUT = "positive_data_acceptance"


def test_the_server_does_what_its_document_says(address, run):
    said = run(
        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json",
        "--exclude-checks", LEFT_OUT, "--max-examples", "40", "--seed", "1", "--no-color",
    )  # fmt: skip

    assert "No issues found" in said
