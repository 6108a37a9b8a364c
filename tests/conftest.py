"""A small finished run, and what is exported of it, made once for all tests that read them."""

import json
import shutil

import pytest

import hswarm

LIMIT = 2


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A run on the tiny pool as it came out of a search."""
    folder = tmp_path_factory.mktemp("runs") / "gaia"
    hswarm.optimize(
        "gaia-text",
        run=folder,
        limit=LIMIT,
        max_iterations=0,
        settings={"engine": {"threads": 1}, "search": {"role": {"particles": 2}}},
    )
    return folder


@pytest.fixture(scope="session")
def mixed_run(finished_run, tmp_path_factory):
    """The same run, as if it had found four nodes: two entries, three models, two of them mixed.

    Nodes 1 and 2 hold the same weights.
    """
    folder = tmp_path_factory.mktemp("runs") / "mixed"
    shutil.copytree(finished_run, folder)
    result = json.loads((folder / "result.json").read_text())
    mixed = {"friends": 0.05, "jobs": 0.9, "pets": 0.0625}
    result["found"]["nodes"] = [
        {"agent": "jobs", "coefficients": mixed, "parents": [1, 3]},
        {"agent": "friends", "coefficients": {"friends": 1.0}, "parents": []},
        {"agent": "homes", "coefficients": {"homes": 1.1, "walk": -0.1}, "parents": [0, 1]},
        {"agent": "pets", "coefficients": mixed, "parents": []},
    ]
    (folder / "result.json").write_text(json.dumps(result))
    return folder


@pytest.fixture(scope="session")
def exported(mixed_run, tmp_path_factory):
    """The pipeline of `mixed_run`; for reading only."""
    from hswarm.pipeline.export import export

    folder = tmp_path_factory.mktemp("pipelines") / "my-pipeline"
    export(mixed_run, folder)
    return folder
