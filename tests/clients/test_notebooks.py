"""The example notebooks run from top to bottom, as they stand."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make test-clients")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: make test-clients")

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == [
        "quickstart", "your_own_experts", "your_own_task",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "kept without outputs"
    client = nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # an error in a cell is an error here
    printed = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    assert printed
    assert not list(tmp_path.iterdir())  # an example leaves nothing where it is run
