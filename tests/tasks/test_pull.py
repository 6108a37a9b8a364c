"""Pulling from a server on this machine: hashes, repeats, and no network."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks import pull as pulling
from hswarm.tasks.importing import bring_along
from hswarm.tasks.load import load_task
from hswarm.tasks.pull import pull, url_of
from hswarm.tasks.sources import place
from hswarm.tasks.spec import TaskSpec

CONTENT = json.dumps(
    {"dev": [{"question": "1+1?", "answer": "2"}], "test": [{"question": "2+2?", "answer": "4"}]}
).encode()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HSWARM_DATA", str(tmp_path / "data"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(monkeypatch):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setattr(pulling, "RAW", f"http://127.0.0.1:{running.server_port}")
    yield asked
    running.shutdown()
    running.server_close()


def task(sha256=None, **data):
    authors = {
        "repository": "someone/data",
        "commit": "a" * 40,
        "path": "data/eval/sums.json",
        "sha256": sha256 or hashlib.sha256(CONTENT).hexdigest(),
    }
    return TaskSpec(
        name="sums",
        title="Sums",
        data={"authors": authors, **data},
        scorer={"name": "last-number"},
        metric="exact match",
        max_tokens=8,
    )


def test_a_file_is_fetched_once_and_is_what_is_pinned(server):
    spec = task()
    path = pull(spec)
    assert path == place(spec, "authors")
    assert path.read_bytes() == CONTENT
    assert pull(spec) == path
    assert server == ["/someone/data/" + "a" * 40 + "/data/eval/sums.json"]


def test_a_damaged_file_is_fetched_again(server):
    path = pull(task())
    path.write_bytes(b"{}")
    assert pull(task()).read_bytes() == CONTENT
    assert len(server) == 2


def test_another_content_is_refused_and_not_kept(server):
    spec = task(sha256="0" * 64)
    with pytest.raises(HswarmError, match="is not the file that the catalogue pins") as caught:
        pull(spec)
    assert "0" * 64 in caught.value.hint
    assert not place(spec, "authors").exists()


def test_without_network_it_says_what_to_run_elsewhere_and_then_here(monkeypatch, tmp_path, server):
    spec = task()
    carried = pull(spec, to=tmp_path / "stick")
    assert carried == tmp_path / "stick" / "sums.json"
    assert not place(spec, "authors").exists()
    monkeypatch.setattr(pulling, "RAW", "http://127.0.0.1:9")
    with pytest.raises(HswarmError, match="cannot be reached") as caught:
        pull(spec)
    hint = caught.value.hint
    assert "hswarm data pull sums --to ." in hint
    assert "hswarm data import sums.json --task sums" in hint
    assert url_of(spec.data.authors).startswith("http://127.0.0.1:9/")
    assert bring_along(carried, spec, None, None) == (place(spec, "authors"), "authors")
    assert place(spec, "authors").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("data", "source", "message"),
    [
        ({}, "hub", "sums has nothing to pull from hub"),
        ({"authors": None, "missing": "ask for it"}, None, "nothing to pull: ask for it"),
        (
            {"authors": None, "generator": "sum", "dev": 1, "test": 1},
            None,
            "nothing to pull: it is made by the package",
        ),
    ],
)
def test_where_there_is_nothing_to_pull_it_says_so(data, source, message):
    with pytest.raises(HswarmError, match=message):
        pull(task(**data), source)


@pytest.fixture
def hub(monkeypatch):
    """A dataset of 30 rows on a hub that answers at once; returns what was asked of it."""
    asked = []
    rows = [{"q": f"{k}+1?", "a": str(k + 1)} for k in range(30)]

    def fetch(spec, dataset, commit):
        asked.append(commit)
        return dict.fromkeys(dict.fromkeys((dataset.dev, dataset.test)), rows)

    monkeypatch.setattr(pulling, "_rows", fetch)
    monkeypatch.setattr(pulling, "_newest", lambda spec, dataset: "b" * 40)
    return asked


def drawn(**changes):
    dataset = {
        "dataset": "someone/sums",
        "dev": "train",
        "test": "train",
        "fields": {"question": "q", "answer": "a"},
        **changes,
    }
    return task(authors=None, hub=dataset, paper={"dev": 5, "test": 10})


def test_items_are_drawn_from_the_hub_once_and_disjoint(hub, monkeypatch):
    path = pull(drawn())
    content = json.loads(path.read_text())
    assert (content["revision"], hub) == ("b" * 40, ["b" * 40])
    dev, test = ({item["question"] for item in content[split]} for split in ("dev", "test"))
    assert (len(dev), len(test), len(dev | test)) == (5, 10, 15)
    assert pull(drawn()) == path
    assert len(hub) == 1
    assert pull(drawn(revision="c" * 40)).exists()
    path.write_text(path.read_text().replace("+1?", "+2?"))
    with pytest.raises(HswarmError, match="has been changed since it was pulled"):
        pull(drawn())


def test_a_gated_dataset_says_how_to_get_access(monkeypatch):
    def refuse(spec, dataset, commit):
        raise pulling._hub_error(spec, dataset, OSError("401 Unauthorized"))

    monkeypatch.setattr(pulling, "_rows", refuse)
    with pytest.raises(HswarmError, match=r"someone/sums is gated.*401") as caught:
        pull(drawn(gated=True, revision="c" * 40))
    assert "https://huggingface.co/datasets/someone/sums" in caught.value.hint
    assert "hf auth login" in caught.value.hint


def test_what_was_pulled_is_a_task(server, tmp_path):
    spec = task()
    pull(spec)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "sums.yaml").write_text(
        json.dumps(spec.model_dump(mode="json", exclude_defaults=True))
    )
    loaded = load_task("sums")
    assert (loaded.title, loaded.bundled) == ("sums (authors)", False)
    assert loaded.scorer(loaded.test[0], "It is 4.") == 1.0
