"""Whole runs killed at random moments and resumed: the result must be the same bytes.

A few moments by default; all fifty by `make test-kills`, which sets HSWARM_KILLS.
"""

import os
import random
import subprocess
import sys
import time

import pytest

KILLS = int(os.environ.get("HSWARM_KILLS", "2"))
RUN = ["optimize", "--task", "gaia-text", "--limit", "4", "--max-iterations", "2", "--quiet"]
SHORT = {
    "engine.threads": 1,
    "search.role.moves": 6,
    "search.role.order_rounds": 1,
    "search.role.edge_rounds": 1,
}
SETTINGS = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]


def hswarm(*arguments, **kwargs):
    command = [sys.executable, "-m", "hswarm", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **kwargs)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    began = time.monotonic()
    process = hswarm(*RUN, *SETTINGS, "--run", folder)
    assert process.wait() == 0, process.stderr.read().decode()
    return (folder / "result.json").read_bytes(), time.monotonic() - began


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_run_killed_at_a_random_moment_resumes_to_the_same_bytes(kill, uninterrupted, tmp_path):
    result, seconds = uninterrupted
    folder = tmp_path / "run"
    moment = random.Random(kill)
    process = hswarm(*RUN, *SETTINGS, "--run", folder)
    for _ in range(20):
        try:
            code = process.wait(timeout=seconds * moment.random())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        else:
            assert code == 0, process.stderr.read().decode()
            break
        begun = (folder / "config.yaml").exists()
        arguments = ["optimize", "--resume", folder, "--quiet"] if begun else [*RUN, *SETTINGS]
        process = hswarm(*arguments, *([] if begun else ["--run", folder]))
    else:
        assert process.wait() == 0, process.stderr.read().decode()

    assert (folder / "result.json").read_bytes() == result
