"""Programs of others, run on what is exported and against what is served.

They are not among the test tools: `make test-clients` and `make test-vllm` install them and run
these tests, which `make test` leaves out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hswarm


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and not item.get_closest_marker("vllm"):
            item.add_marker(pytest.mark.clients)


@pytest.fixture(scope="session")
def environment():
    """Variables for programs: this hswarm, one thread, no network beyond this machine."""
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"), "1")
    return {
        **os.environ, **offline, "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(hswarm.__file__).parents[1]),
    }  # fmt: skip


@pytest.fixture(scope="session")
def golden(exported):
    """The golden answers: lines of golden.jsonl."""
    return [json.loads(line) for line in (exported / "golden.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def address(exported, environment):
    """The address of a process that serves the exported pipeline."""
    with subprocess.Popen(
        [sys.executable, "-m", "hswarm", "serve", exported, "--port", "0", "--threads", "1"],
        stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        said = process.stderr.readline()
        assert "answers on http" in said, said + process.stderr.read()
        yield said.split("answers on ")[1].split()[0].rstrip(".")
        process.terminate()
        process.communicate()


@pytest.fixture
def run(environment, tmp_path):
    """Run a program in an empty folder; it must end well."""

    def run(*words, **variables):
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, check=False,
            cwd=tmp_path, env={**environment, **variables},
        )  # fmt: skip
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout

    return run
