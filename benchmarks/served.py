"""What the benchmarks of the server share: a pipeline, a process that serves it, questions."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil

import hswarm
from hswarm.pipeline.export import export
from hswarm.tasks.load import load_task

TASK = "gaia-text"


def make_pipeline(folder: Path) -> Path:
    """Export what a search of seconds finds: ten tiny models, as good as any to be timed."""
    settings = {"search": {"role": {"particles": 2}}}
    hswarm.optimize(TASK, run=folder / "run", limit=4, max_iterations=0, settings=settings)
    export(folder / "run", folder / "pipeline")
    return folder / "pipeline"


def questions(number: int) -> list[dict]:
    """Return bodies of requests: different questions of the test split, with their context."""
    return [
        {
            "model": "pipeline",
            "messages": [{"role": "user", "content": example.question}],
            "context_chunks": list(example.context_chunks),
        }
        for example in load_task(TASK).test[:number]
    ]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Server:
    """`hswarm serve` as a process; what was asked once is generated anew each time."""

    def __init__(self, pipeline: Path, port: int, threads: int) -> None:
        options = ("--port", port, "--threads", threads, "--no-memo")
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hswarm", "serve", pipeline, *map(str, options)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        said = self._process.stderr.readline()
        if "answers on" not in said:
            raise RuntimeError(said + self._process.stderr.read())

    def memory(self) -> float:
        """Return its resident memory in MB."""
        return psutil.Process(self._process.pid).memory_info().rss / 1e6

    def stop(self) -> str:
        """Tell it to stop; return what it had to say once it has."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.communicate()[1]

    def gauge(self, name: str) -> float:
        """Return a number of /metrics."""
        for line in httpx2.get(f"{self.url}/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        raise KeyError(name)


@contextmanager
def serving(pipeline: Path, threads: int):
    server = Server(pipeline, free_port(), threads)
    try:
        yield server
    finally:
        server.stop()
