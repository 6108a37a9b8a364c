"""Ctrl-C on a real process: what was complete is kept, the way on is said, and it leads there."""

import json
import signal
import subprocess
import sys
import time
from functools import partial

RUN = ["optimize", "--task", "gaia-text", "--limit", "3", "--max-iterations", "2", "--quiet"]
SHORT = {
    "engine.threads": 1,
    "search.role.moves": 6,
    "search.role.order_rounds": 1,
    "search.role.edge_rounds": 1,
}
SETTINGS = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
PATIENCE = 120.0


def hswarm(*arguments):
    command = [sys.executable, "-m", "hswarm", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As in a terminal: what shells start in the background is deaf to Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def wait_for(file, process):
    """Wait until the run in `file`'s folder has got so far."""
    end = time.monotonic() + PATIENCE
    while not file.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)


def test_ctrl_c_leaves_a_run_that_goes_on_to_the_same_result(tmp_path):
    whole = hswarm(*RUN, *SETTINGS, "--run", tmp_path / "whole")
    _, said = whole.communicate()
    assert whole.returncode == 0, said

    folder = tmp_path / "run"
    process = hswarm(*RUN, *SETTINGS, "--run", folder)
    wait_for(folder / "state.json", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.rstrip().splitlines()[-1].split() == ["hswarm", "optimize", "--resume", str(folder)]
    assert not (folder / "result.json").exists()
    for line in (folder / "journal.jsonl").read_text().splitlines():
        json.loads(line)

    again = hswarm("optimize", "--resume", folder, "--quiet")
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert (folder / "result.json").read_bytes() == (tmp_path / "whole/result.json").read_bytes()
