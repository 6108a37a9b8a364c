"""What a watched run tells."""

import math

import httpx2
import pytest
from typer.testing import CliRunner

from hswarm.cli.app import app
from hswarm.errors import HswarmError
from hswarm.watch.news import Teller
from hswarm.watch.tail import Tail


def kinds(news):
    return [item["kind"] for item in news]


def test_a_tail_goes_on_where_it_was(tmp_path):
    path = tmp_path / "journal.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    path.write_text('{"event": "a"}\n{"event": "b"')
    assert [e["event"] for e in tail.read()] == ["a"]
    assert tail.read() == []
    with path.open("a") as file:
        file.write('}\nno json\n{"no": "event"}\n{"event": "c"}\n')
    assert [e["event"] for e in tail.read()] == ["b", "c"]


def test_a_journal_that_was_cut_is_read_anew(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "a"}\n{"event": "b"}\n')
    tail = Tail(path)
    tail.read()
    path.write_text('{"event": "a"}\n')
    assert tail.read() is None
    assert [e["event"] for e in tail.read()] == ["a"]


def test_a_long_journal_comes_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("hswarm.watch.tail._CHUNK", 50)
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f'{{"event": "{k}"}}\n' for k in range(100)))
    tail, read = Tail(path), []
    while part := tail.read():
        read += part
    assert [e["event"] for e in read] == [str(k) for k in range(100)]


def test_what_was_tried_on_a_part_of_the_items_is_no_point(search):
    teller = Teller(search.folder, ["ann", "bob"])
    teller.tell()
    search.evaluate(0, 0.5, items=4)
    search.evaluate(1, 1.0, step="move", items=1)
    search.evaluate(1, 0.75, step="move", items=4)
    news = teller.tell()
    assert [item["u"] for item in news if item["kind"] == "tried"] == [0.5, 0.75]
    assert news[-1]["u"] == 0.75  # the best
    search.evaluate(1, 0.6, step="crown", items=6)
    (best,) = teller.tell()  # by all items it is the best, be the number lower
    assert (best["kind"], best["u"]) == ("best", 0.6)


def test_what_a_baseline_tries_is_numbered(search):
    teller = Teller(search.folder, ["ann"])
    for utility in (0.25, 0.5, 0.25):
        search.evaluate(0, utility, step="baseline")
    news = teller.tell()
    assert [item["i"] for item in news if item["kind"] == "tried"] == [0, 1, 2]
    (best,) = (item for item in news if item["kind"] == "best")
    assert (best["i"], best["u"]) == (1, 0.5)
    assert "made in the run" in best["svg"]  # not in the pool


def test_a_search_is_told_as_it_goes(search):
    teller = Teller(search.folder, ["ann", "bob"])
    assert kinds(teller.tell()) == ["reset", "status"]
    search.evaluate(0, 0.25)
    search.evaluate(0, math.nan)
    search.evaluate(0, 0.75)
    search.end(0, [0.25, None, 0.75])
    news = teller.tell()
    assert kinds(news) == ["tried", "tried", "tried", "swarm", "iteration", "best"]
    assert news[1]["u"] is None
    assert news[-1]["u"] == 0.75
    assert "bob" in news[-1]["svg"]
    assert teller.tell() == []


def test_what_was_tried_on_fewer_items_is_no_best(search):
    teller = Teller(search.folder, [])
    search.evaluate(0, 0.5, items=100)
    search.evaluate(1, 0.9, items=10)
    (best,) = [item for item in teller.tell() if item["kind"] == "best"]
    assert best["u"] == 0.5
    assert "agent 1" in best["svg"]


def test_a_finished_run_shows_what_it_found(finished_run):
    teller = Teller(finished_run, [])
    teller.tell()
    (status,) = teller.tell()
    assert status["status"] == "finished"
    assert [s["name"] for s in status["systems"]][:2] == ["found system", "best single"]


def test_the_page_and_the_events_over_http(search, serving, told):
    with serving(search.folder) as url, httpx2.Client(base_url=url, timeout=30) as client:
        page = client.get("/")
        assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
        assert client.get("/run").json()["name"] == "my-run"
        with client.stream("GET", "/events") as stream:
            lines = stream.iter_lines()
            assert told(lines, "status")[-1]["status"] == "running"
            search.evaluate(0, 0.5)
            search.end(0, [0.5])
            assert told(lines, "best")[-1]["u"] == 0.5


def test_without_a_key_only_this_machine_and_with_one_only_its_holder(search, serving):
    with serving(search.folder, key="k3y") as url:
        assert httpx2.get(f"{url}/run").status_code == 401
        allowed = httpx2.get(f"{url}/run", headers={"Authorization": "Bearer k3y"})
        assert allowed.status_code == 200
    with serving(search.folder) as url:
        assert httpx2.get(f"{url}/run", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("words", "said"),
    [(["nowhere"], "There is no run"), (["nowhere", "--host", "0.0.0.0"], "there is no key")],
)
def test_mistakes_are_said(words, said):
    result = CliRunner().invoke(app, ["watch", *words, "--port", "0"])
    assert isinstance(result.exception, HswarmError)
    assert said in str(result.exception)
