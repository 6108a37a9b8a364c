"""Whole runs over models behind an API: faults, money and secrets.

The server is real, the models are a formula: a number that follows from the prompt.
"""

import hashlib
import json
import logging
import os
import re

import pytest
import yaml

import hswarm
from hswarm.api import resume
from hswarm.cli.records import print_run
from hswarm.engines import persistence
from hswarm.errors import HswarmError
from hswarm.pipeline.export import export
from hswarm.report.write import write_report
from hswarm.search.events import Note
from hswarm.session import Watch
from hswarm.testing.loopback import Faults, Loopback

KEY = "sk-canary-77ab03"
MODELS = ("ann", "bob", "cat")
CALLS_AT_ONCE = 8 * len(MODELS)


def speak(prompt, seed):
    """The number that was asked for, more often than not the longer one has read others."""
    wanted = re.search(r"number is (\d+)", prompt)[1]
    digest = hashlib.sha256(prompt.encode()).digest()
    knows = digest[0] < 60 + 50 * prompt.count(f": {wanted} ")
    return f"{wanted if knows else digest[1]} it is"


@pytest.fixture(autouse=True)
def _key_and_no_long_waits(monkeypatch):
    monkeypatch.setenv("CANARY_KEY", KEY)
    monkeypatch.setattr(persistence, "_FIRST", 0.001)


@pytest.fixture
def place(tmp_path):
    """A folder with data of one's own; `pool(server)` writes a pool of three models there."""
    items = [{"question": f"The number is {k * 37 % 101}.", "answer": str(k * 37 % 101)}
             for k in range(1, 17)]  # fmt: skip
    data = {"dataset": "numbers", "dev": items[:8], "test": items[8:]}
    (tmp_path / "data.json").write_text(json.dumps(data))
    return tmp_path


def write_pool(place, server, **options):
    entry = {
        "base_url": f"{server.url}/v1",
        "key": "CANARY_KEY",
        "price": {"prompt": 0.5, "generated": 1.5},
        "concurrency": CALLS_AT_ONCE // len(MODELS),
        "attempts": 16,
        **options,
    }
    remote = {name: {**entry, "model": f"model-{name}"} for name in MODELS}
    (place / "pool.yaml").write_text(yaml.safe_dump({"remote": remote}))


def add_tool(place, server):
    """Put an address that takes the key into the pool."""
    content = yaml.safe_load((place / "pool.yaml").read_text())
    helper = {"kind": "http", "url": f"{server.url}/tool", "key": "CANARY_KEY", "attempts": 2}
    content["tools"] = {"helper": helper}
    (place / "pool.yaml").write_text(yaml.safe_dump(content))


def run(place, name, watch=None, **options):
    return hswarm.optimize(
        "gsm8k",
        pool=str(place / "pool.yaml"),
        data=str(place / "data.json"),
        run=place / name,
        watch=watch or Watch(),
        **{"max_iterations": 2, **options},
    )


def test_thirty_percent_of_faults_change_nothing(place):
    with Loopback(speak) as server:
        write_pool(place, server, timeout=0.5)
        run(place, "calm")
        calm = len(server.calls)
        server.faults = Faults(0.3, hang=1.0)
        server._attempts.clear()
        run(place, "stormy")
    calm_result, stormy_result = (
        (place / name / "result.json").read_bytes() for name in ("calm", "stormy")
    )
    assert stormy_result == calm_result
    assert json.loads(calm_result)["failures"] == []
    assert len(server.faulted) == 9
    assert server.faulted.total() > 0.25 * calm
    assert 0 < json.loads(calm_result)["found"]["dev"]["utility"] < 1


def test_a_run_of_remote_models_that_is_resumed_ends_in_the_same_bytes(place):
    with Loopback(speak) as server:
        write_pool(place, server)
        run(place, "whole")
        run(place, "parts", max_iterations=1)
        calls = len(server.calls)
        resume(place / "parts", Watch(), {"search": {"max_iterations": 2}})
        again = len(server.calls) - calls
    whole, parts = ((place / name / "result.json").read_text() for name in ("whole", "parts"))
    totals = [json.loads(text) for text in (whole, parts)]
    for result in totals:
        del result["total"]  # the first half's comparison is in it
    assert totals[0] == totals[1]
    assert again < calls


def test_calls_that_fail_for_good_are_named_and_not_scored(place):
    class Sulking(Loopback):
        async def _reply(self, path, headers, content, writer):
            if b"number is 37." in content:
                self.faults = Faults(1.0, ("server error",))
            else:
                self.faults = Faults()
            return await super()._reply(path, headers, content, writer)

    seen = []
    with Sulking(speak) as server:
        write_pool(place, server, attempts=2, concurrency=1)
        result = run(
            place, "run", Watch(observe=seen.append), settings={"budget": {"max_failed": 0.5}}
        )
    assert all("HTTP 500" in failure for failure in result.failures)
    assert len({failure.partition(":")[0] for failure in result.failures}) == 1
    assert (result.found.dev.items, result.found.dev.unscored) == (7, 1)
    noted = {event.text for event in seen if isinstance(event, Note)}
    assert any("Not scored: " in text and "HTTP 500" in text for text in noted)
    lines = [json.loads(line) for line in (place / "run" / "journal.jsonl").open()]
    assert any(line["event"] == "failure" and "HTTP 500" in line["what"] for line in lines)


def test_past_a_share_of_failures_the_run_stops_and_can_be_resumed(place):
    with Loopback(speak) as server:
        write_pool(place, server, attempts=2)
        run(place, "whole")
        server.faults = Faults(0.6, ("server error",))
        with pytest.raises(HswarmError, match=r"calls failed for good, more than 2.0%") as stopped:
            run(place, "run")
        assert "HTTP 500" in str(stopped.value)
        assert f"--resume {place / 'run'}" in stopped.value.hint
        assert not (place / "run" / "result.json").exists()
        server.faults = Faults()
        resume(place / "run", Watch())
    whole, resumed = ((place / name / "result.json").read_bytes() for name in ("whole", "run"))
    assert resumed == whole


def spent(place, name):
    bills = (place / name / "bills.jsonl").read_text().splitlines()
    return [json.loads(bill)["picodollars"] for bill in bills]


def test_dollars_are_counted_once_per_answer_and_exactly(place):
    with Loopback(speak) as server:
        write_pool(place, server)
        result = run(place, "run")
    bills = spent(place, "run")
    assert len(bills) == len(server.calls) == result.total.generated
    assert result.total.dollars == sum(bills) / 10**12
    assert result.search.dollars < result.total.dollars
    accounts = json.loads((place / "run" / "accounts.json").read_text())
    assert accounts["paid"] == accounts["dollars"] == sum(bills) / 10**12
    for by in ("agents", "nodes"):
        assert sum(entry["picodollars"] for entry in accounts[by].values()) == sum(bills)
        assert sum(entry["answered"] for entry in accounts[by].values()) == result.total.answered


@pytest.mark.parametrize(("in_search", "after"), [(0.8, 0.0), (1.0, 0.1), (1.0, 0.5), (1.0, 0.9)])
def test_no_more_dollars_are_spent_than_allowed_and_in_flight(in_search, after, place):
    with Loopback(speak) as server:
        write_pool(place, server)
        whole = run(place, "whole")
        everything, search = whole.total.dollars, whole.search.dollars
        limit = in_search * search + after * (everything - search)
        before = len(server.calls)
        result = run(place, "run", max_dollars=limit)
        calls = len(server.calls) - before
    bills = spent(place, "run")
    assert calls == len(bills)
    assert limit <= sum(bills) / 10**12 <= limit + CALLS_AT_ONCE * max(bills) / 10**12
    assert result.found.dev.items == 8
    assert result.stopped == ("max-iterations" if after else "max-dollars")
    assert result.search.dollars <= limit

    with Loopback(speak, port=server.port):
        raised = resume(place / "run", Watch(), {"budget": {"max_dollars": 10 * everything}})
    assert raised.found == whole.found
    assert raised.compared == whole.compared


def test_dollars_that_do_not_suffice_for_the_start_are_said(place):
    with Loopback(speak) as server:
        write_pool(place, server)
        with pytest.raises(HswarmError, match="before the start of the search was evaluated"):
            run(place, "run", max_dollars=1e-9)
        assert len(server.calls) <= CALLS_AT_ONCE
        result = resume(place / "run", Watch(), {"budget": {"max_dollars": 1.0}})
    assert result.found.test.items == 8


def test_what_a_run_that_was_stopped_paid_stays_paid(place):
    with Loopback(speak) as server:
        write_pool(place, server)
        with pytest.raises(HswarmError):
            run(place, "run", max_dollars=2e-5)
        paid = sum(spent(place, "run"))
        before = len(server.calls)
        with pytest.raises(HswarmError):
            resume(place / "run", Watch())
        assert len(server.calls) == before
    assert sum(spent(place, "run")) == paid


def test_a_limit_in_dollars_takes_a_price(place):
    with Loopback(speak) as server:
        write_pool(place, server, price=None)
        with pytest.raises(HswarmError, match="ann has no price") as refused:
            run(place, "run", max_dollars=1.0)
        assert server.calls == []
    assert "price: {prompt" in refused.value.hint
    assert not (place / "run").exists()


def test_nobody_at_a_port_of_this_machine_is_said_before_the_run(place):
    with Loopback(speak) as server:
        write_pool(place, server)
    with pytest.raises(HswarmError, match=f"Nobody listens at {server.url}/v1, where ann"):
        run(place, "run")
    assert not (place / "run").exists()


@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_the_key_is_nowhere(provider, place, caplog, capfd):
    """A server that repeats the key in its errors, its answers and its headers betrays nothing."""
    caplog.set_level(logging.DEBUG)

    class Telltale(Loopback):
        async def _reply(self, path, headers, content, writer):
            keys = {headers.get("authorization"), headers.get("x-goog-api-key")}
            assert keys & {f"Bearer {KEY}", KEY}
            return await super()._reply(path, headers, content, writer)

    seen = []
    with Telltale(lambda prompt, seed: f"{KEY} {speak(prompt, seed)}") as server:
        options = {"provider": provider}
        if provider == "gemini":
            options["base_url"] = server.url
        write_pool(place, server, **options)
        add_tool(place, server)
        run(place, "good", Watch(observe=seen.append))
    print_run(place / "good")
    write_report(place / "good")
    export(place / "good", place / "exported")

    class Complaining(Telltale):
        async def _reply(self, path, headers, content, writer):
            from hswarm.testing.loopback import _write

            self.calls.append(content)
            status = (500, 400, 429)[len(self.calls) % 3]
            _write(writer, status, json.dumps({"error": {"message": f"key {KEY}?"}}).encode())
            await writer.drain()
            return True

    with Complaining(speak) as server:
        if provider == "gemini":
            options["base_url"] = server.url
        write_pool(place, server, **options, attempts=2)
        add_tool(place, server)
        with pytest.raises(HswarmError) as stopped:
            run(place, "bad", Watch(observe=seen.append))
    said = [str(stopped.value), stopped.value.hint, repr(seen), caplog.text, *capfd.readouterr()]
    assert "[key]" in "".join(said)
    for text in said:
        assert KEY not in text
    files = [path for path in place.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    assert os.environ["CANARY_KEY"] == KEY
