"""The process that serves, as a shell starts and stops it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

import hswarm


def start(*arguments, **variables):
    """Start `hswarm serve` and return it with its first line on stderr."""
    environment = {
        **os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1]), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    environment.pop("HSWARM_KEY", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "hswarm", "serve", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, **variables},
    )
    return process, process.stderr.readline()


@pytest.fixture
def started(exported):
    """Start a server of the exported pipeline; return the process and its address."""
    processes = []

    def go(*arguments, **variables):
        options = ("--port", 0, "--threads", 1, *arguments)
        process, said = start(exported, *options, **variables)
        processes.append(process)
        assert "answers on http" in said, said + process.stderr.read()
        return process, said.split("answers on ")[1].split()[0].rstrip(".")

    yield go
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_with_a_key_others_may_ask_and_stream_with_curl(started, ask):
    _, url = started("--host", "0.0.0.0", HSWARM_KEY="k3y")
    url = url.replace("0.0.0.0", "127.0.0.1")
    assert httpx2.get(f"{url}/v1/models").status_code == 401

    def curl(*arguments):
        asked = ["curl", "--silent", "--show-error", "--no-buffer", "--fail-with-body", *arguments]
        asked += ["--header", "Authorization: Bearer k3y"]
        return subprocess.run(asked, capture_output=True, text=True, check=False)

    body = ("--header", "Content-Type: application/json", "--data", json.dumps(ask()))
    whole = curl(f"{url}/v1/chat/completions", *body)
    answer = json.loads(whole.stdout)["choices"][0]["message"]["content"]
    streamed = (*body[:3], json.dumps(ask(stream=True)))
    lines = curl(f"{url}/v1/chat/completions", *streamed).stdout.split("\n\n")
    pieces = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]

    assert lines[-2:] == ["data: [DONE]", ""]
    assert "".join(p["choices"][0]["delta"].get("content", "") for p in pieces) == answer
    refused = curl(f"{url}/v1/chat/completions", "--data", "{}")
    assert refused.returncode == 22
    assert "error" in json.loads(refused.stdout)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_what_has_been_asked_is_answered_before_it_stops(stop, started, ask):
    process, url = started()
    body = ask(stream=True, node_events=True)
    with httpx2.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=60) as response:
        lines = response.iter_lines()
        first = next(lines)
        process.send_signal(stop)
        rest = [line for line in lines if line]

    assert first.startswith("data: ")
    assert rest[-1] == "data: [DONE]"
    assert process.wait(timeout=60) in (0, -stop)
    assert process.stderr.read() == ""
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{url}/health/live")


def refusal(*arguments, **variables):
    process, said = start(*arguments, **variables)
    assert process.wait(timeout=60) == 2
    return said, process.stderr.read()


def test_without_a_key_others_may_not(tmp_path):
    error, hint = refusal(tmp_path, "--host", "0.0.0.0")  # before it looks for a pipeline

    assert error == "error: 0.0.0.0 can be reached by others, and there is no key.\n"
    assert "HSWARM_KEY" in hint


def test_the_key_may_come_from_another_variable(tmp_path):
    error, _ = refusal(tmp_path, "--host", "0.0.0.0", "--key-env", "MINE", MINE="k3y")

    assert "no pipeline" in error


def test_a_port_that_is_taken_is_named(exported):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error, hint = refusal(exported, "--port", port, "--threads", 1)

    assert error == f"error: Port {port} on 127.0.0.1 cannot be listened on: it is in use.\n"
    assert "--port" in hint


def test_what_it_needs_is_named_where_it_is_missing(tmp_path):
    script = (
        "import sys\n"
        "sys.modules['uvicorn'] = None\n"
        "sys.argv = ['hswarm', 'serve', 'x']\n"
        "from hswarm.cli.app import main\n"
        "main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(hswarm.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )

    assert done.returncode == 2
    assert done.stderr == (
        "error: The server needs uvicorn, which is not installed.\n"
        'hint: Install what it takes: pip install "hswarm[serve]"\n'
    )
