"""What the README says to type is typed, in its order, on fewer items where it would take long."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.cli import app as cli
from hswarm.cli.serve import serve

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BRIEFLY = {
    "optimize --task": ["--limit", "2", "--max-iterations", "1", "--set", "engine.threads=1"],
    "bench": ["--limit", "2", "--seeds", "1", "--max-iterations", "0", "--processes", "2"],
    "sweep --task": [
        *("--limit", "2", "--max-iterations", "0", "--runs", "2", "--processes", "2"),
        *("--set", "search.role.particles=2"),
    ],
    "experts table": ["--limit", "1", "--probes", "1"],
}
"""What is added to a command so that it takes seconds instead of minutes."""


def blocks(language):
    """The README's blocks; `sh` is what takes servers, GPUs or libraries that are not there."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def typed():
    lines = "\n".join(blocks("bash")).replace("\\\n", " ").splitlines()
    return [command for line in lines if (command := line.partition("  #")[0].strip())]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a pool and data of one's own, by the names that the README gives them."""
    folder = tmp_path_factory.mktemp("readme")
    pool = yaml.safe_load(next(text for text in blocks("yaml") if text.startswith("# my-pool")))
    [tiny] = read_pool(find("agents", "tiny")).families.values()
    pool["base"] = tiny.base
    pool["experts"] = dict(zip(pool["experts"], tiny.experts.values(), strict=False))
    (folder / "my-pool.yaml").write_text(yaml.safe_dump(pool))
    question = {"question": "Ada has 3 boxes with 4 pens each. How many pens does Ada have?"}
    splits = {"dev": [{**question, "answer": "12"}], "test": [{**question, "answer": "13"}]}
    (folder / "my-data.json").write_text(json.dumps({"dataset": "mine", **splits}))
    return folder


@pytest.fixture
def there(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "100")
    return place


@pytest.fixture
def run(there, monkeypatch):
    """Type a command of the README there; it must end well."""

    def run(line):
        words = shlex.split(line)
        for start, more in BRIEFLY.items():
            words += more if " ".join(words[1:]).startswith(start) else []
        if "NAME" in line:
            kind = "sweep.json" if "SWEEP" in line else "result.json"
            latest = max((there / "runs").glob(f"*/{kind}")).parent.name
            words = [word.replace("SWEEP-NAME", latest).replace("NAME", latest) for word in words]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code

    return run


def test_the_two_commands_come_first():
    assert typed()[:2] == ["make demo", "make test"]


@pytest.mark.parametrize(
    ("target", "does"),
    [
        ("demo", ".venv/bin/hswarm optimize --task gaia-text"),
        (
            "test",
            ".venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile",
        ),
    ],
)
def test_what_make_would_do(target, does):
    asked = ["make", "--no-print-directory", "--dry-run", "--always-make", target]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip().splitlines()[-1].strip() == does


def test_the_demo_is_a_run(run, there):
    run("hswarm optimize --task gaia-text")
    assert list(there.glob("runs/gaia-text-*/result.json"))


def is_run(line):
    """Whether a command is run here as it stands: `make` and what serves are below and above."""
    return line.startswith("hswarm ") and not line.startswith(("hswarm serve", "hswarm watch"))


@pytest.mark.parametrize("line", list(filter(is_run, typed())))
def test_every_command(line, run):
    run(line)


def test_the_server(there):
    """After the commands above: what they exported is served where the README says."""
    [line] = [line for line in typed() if line.startswith("hswarm serve")]
    words = [*shlex.split(line)[1:], "--port", "0", "--threads", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "hswarm", *words], stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stderr.readline()
        url = said.split("answers on ")[1].split()[0].rstrip(".")
        assert httpx2.get(f"{url}/v1/models").json()["data"][0]["id"] == "my-pipeline"
        assert "<html" in httpx2.get(url).text
        process.terminate()
    assert "http://127.0.0.1:8000" in README
    assert inspect.signature(serve).parameters["port"].default == 8000


def test_a_run_is_watched(there):
    """After the commands above: the run that they made has a page."""
    run = max((there / "runs").glob("*/result.json")).parent
    with subprocess.Popen(
        [sys.executable, "-m", "hswarm", "watch", run, "--port", "0"],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        url = process.stderr.readline().split("watched on ")[1].strip()
        assert httpx2.get(f"{url}/run").json()["name"] == run.name
        assert "<html" in httpx2.get(url).text
        process.terminate()


def test_only_these_are_not_run():
    others = [line for line in typed() if not is_run(line)]
    assert others == [
        "make demo", "make test", "hswarm watch runs/NAME", 'pip install "hswarm[serve]"',
        "hswarm serve my-pipeline",
    ]  # fmt: skip


def test_the_python_example_of_a_pipeline(there):
    """After the commands above: what they exported answers."""
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[1]], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    assert done.stdout.strip().endswith("']")


def test_the_python_example(there, capsys):
    example = blocks("python")[0]
    brief = 'data="my-data.json", max_iterations=0)'
    assert 'data="my-data.json")' in example
    script = example.replace('data="my-data.json")', brief)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=there, check=False
    )
    assert not done.returncode, done.stderr
    assert [0.0 <= float(number) <= 1.0 for number in done.stdout.split()] == [True, True]


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
