"""Tools of every kind, the remote ones on real servers; whatever fails is said and nothing more."""

import asyncio
import socket
import sys
import threading
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from hswarm.agents.pool import Pool
from hswarm.config import validated
from hswarm.engines import persistence
from hswarm.engines.request import Request, Sampling
from hswarm.engines.tools import function
from hswarm.engines.tools.engine import ToolEngine, open_tool
from hswarm.engines.tools.entry import AnyTool
from hswarm.engines.tools.given import Given
from hswarm.errors import HswarmError
from hswarm.testing.loopback import Faults, Loopback

KEY = "sk-canary-55d2ab"
SERVER = str(Path(__file__).with_name("mcp_server.py"))


@pytest.fixture(autouse=True)
def _key_and_no_long_waits(monkeypatch):
    monkeypatch.setenv("CANARY_KEY", KEY)
    monkeypatch.setattr(persistence, "_FIRST", 0.001)


def entry_of(**fields):
    return TypeAdapter(AnyTool).validate_python(fields)


def use(engine, *given):
    async def main():
        requests = [Request(engine._entry.reference, g.write(), Sampling(0)) for g in given]
        try:
            return await asyncio.gather(*map(engine.generate, requests))
        finally:
            await engine.aclose()

    return [answer.text for answer in asyncio.run(main())]


def open_entry(**fields):
    return open_tool("helper", entry_of(**fields))


def test_a_calculator():
    [answer] = use(open_entry(kind="calculator"), Given("What is 6 * 7?"))
    assert answer == "6 * 7 = 42"


def describe(question, context, responses):
    """A tool as a package would announce it."""
    match question:
        case "raise":
            raise LookupError("nothing there")
        case "number":
            return 7
        case "hang":
            time.sleep(60)
        case "thread":
            return threading.current_thread().name
    return f"{question} / {context} / {', '.join(responses)}"


@pytest.fixture
def announced(monkeypatch):
    """Packages that announce `describe`, a constant and something that cannot be imported."""
    points = {
        "describe": EntryPoint("describe", f"{__name__}:describe", function.GROUP),
        "constant": EntryPoint("constant", "hswarm.engines.tools.function:GROUP", function.GROUP),
        "gone": EntryPoint("gone", "no_such_package:function", function.GROUP),
    }
    monkeypatch.setitem(sys.modules, __name__, sys.modules[describe.__module__])

    def entry_points(*, group, name=None):
        assert group == "hswarm.tools"
        return [point for key, point in points.items() if name in (None, key)]

    monkeypatch.setattr(function, "entry_points", entry_points)


def open_function(name, **fields):
    return open_entry(kind="function", entry_point=name, **fields)


@pytest.mark.usefixtures("announced")
def test_a_function_of_an_installed_package():
    answers = use(
        open_function("describe", timeout=0.3, longest=30),
        Given("q", "c", ("a", "b")),
        Given("raise"),
        Given("number"),
        Given("hang"),
        Given("thread"),
        Given("w" * 100),
    )
    assert answers == [
        "q / c / a, b",
        "The tool helper failed: Lookup",
        "The tool helper failed: it ret",
        "The tool helper failed: no ans",
        "hswarm-tool",
        "w" * 30,
    ]


@pytest.mark.usefixtures("announced")
@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("describ", "no installed package announces", "constant, describe, gone"),
        ("constant", "is no function but str", "question, context and responses"),
        ("gone", "cannot be imported from no_such_package", "reinstall"),
    ],
)
def test_a_function_that_is_not_to_be_had(name, said, hint):
    with pytest.raises(HswarmError, match=f"(?i){said}") as refused:
        open_function(name)
    assert hint in refused.value.hint


def answer_question(prompt, seed):
    return f"heard {prompt}"


def test_an_address_is_asked_with_the_key_and_the_parts_of_the_prompt():
    with Loopback(answer_question) as server:
        engine = open_entry(kind="http", url=f"{server.url}/tool", key="CANARY_KEY")
        [answer] = use(engine, Given("q?", "ctx", ("one", "two")))
        [call] = server.calls
    assert answer == "heard q?"
    assert call.path == "/tool"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.body == {"question": "q?", "context": "ctx", "responses": ["one", "two"]}


def test_an_address_is_asked_again_when_something_went_wrong():
    questions = [Given(f"q{k}") for k in range(40)]
    with Loopback(answer_question, faults=Faults(0.3, hang=1.0)) as server:
        engine = open_entry(kind="http", url=f"{server.url}/t", attempts=16, timeout=30)
        answers = use(engine, *questions)
    assert [a for a in answers if a] == [f"heard q{k}" for k, a in enumerate(answers) if a]
    assert sum(map(bool, answers)) >= 36  # an empty answer is one, too


@pytest.mark.parametrize("kind", ["server error", "reset", "truncated", "wrong type"])
def test_an_address_that_never_answers_is_a_message(kind):
    with Loopback(lambda prompt, seed: KEY, faults=Faults(1.0, (kind,))) as server:
        engine = open_entry(kind="http", url=f"{server.url}/t", key="CANARY_KEY", attempts=2)
        [answer] = use(engine, Given("q"))
        assert len(server.calls) == 2
    assert answer.startswith("The tool helper failed: tried 2 times")


def test_a_key_that_is_repeated_is_blotted_out():
    with Loopback(lambda prompt, seed: f"your key is {KEY}") as server:
        engine = open_entry(kind="http", url=f"{server.url}/t", key="CANARY_KEY")
        assert use(engine, Given("q")) == ["your key is [key]"]


@pytest.mark.usefixtures("announced")
def test_a_key_is_blotted_out_wherever_a_long_complaint_is_cut():
    engine = open_function("describe")
    engine._secrets = [KEY]
    for length in range(240, 310, 3):
        said = engine._complain("x" * length + KEY)
        assert KEY[:4] not in said


def test_urls_in_a_question_or_an_answer_are_texts():
    with Loopback(answer_question) as server, Loopback(answer_question) as bait:
        engine = open_entry(kind="http", url=f"{server.url}/t")
        [answer] = use(engine, Given(f"open {bait.url}/x", "", (f"see {bait.url}/y",)))
        assert f"{bait.url}/x" in answer
        assert bait.calls == []


def mcp(**fields):
    settings = {
        "kind": "mcp",
        "command": [sys.executable, SERVER],
        "tool": "shout",
        "arguments": {"text": "{response}", "times": 2},
        "timeout": 60.0,
    }
    return open_entry(**{**settings, **fields})


def test_an_mcp_server_by_stdio(monkeypatch):
    monkeypatch.setenv("WORDS_MARK", "?")
    engine = mcp(environment=["WORDS_MARK"])
    answers = use(
        engine, Given("hello"), Given("q", "", ("a", "last")), Given("silence"), Given("{context}")
    )
    assert answers[:2] == ["HELLO!!?", "LAST!!?"]
    assert answers[2].startswith("The tool helper failed: ")
    assert answers[3] == "{CONTEXT}!!?"


def test_a_key_that_an_mcp_server_was_given_and_repeats_is_blotted_out(monkeypatch):
    monkeypatch.setenv("WORDS_MARK", KEY)
    assert use(mcp(environment=["WORDS_MARK"]), Given("hello")) == ["HELLO!![key]"]


def test_an_mcp_server_that_dies_is_started_again():
    engine = mcp(attempts=2)

    async def main():
        answers = []
        for text in ("one", "crash", "two"):
            request = Request(engine._entry.reference, Given(text).write(), Sampling(0))
            answers.append((await engine.generate(request)).text)
        await engine.aclose()
        return answers

    first, crashed, last = asyncio.run(main())
    assert (first, last) == ("ONE!!", "TWO!!")
    assert crashed.startswith("The tool helper failed: tried 2 times")


def test_an_mcp_server_over_http():
    import subprocess

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    serving = subprocess.Popen([sys.executable, SERVER, str(port), KEY])
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        address = {"command": [], "url": f"http://127.0.0.1:{port}/mcp"}
        engine = mcp(**address, key="CANARY_KEY")
        assert use(engine, Given("hello"), Given("you")) == ["HELLO!!", "YOU!!"]
        with pytest.raises(HswarmError, match="does not answer") as refused:
            mcp(**address)
        assert KEY not in str(refused.value)
    finally:
        serving.terminate()
        serving.wait()


def test_an_mcp_server_without_the_tool_or_without_a_program():
    with pytest.raises(HswarmError, match="no tool 'shuot'") as refused:
        mcp(tool="shuot")
    assert "shout, whisper" in refused.value.hint
    with pytest.raises(HswarmError, match="does not answer"):
        mcp(command=["/no/such/program"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "abacus"}, "abacus"),
        ({"kind": "http", "url": "ftp://x/y"}, "http://"),
        ({"kind": "http", "url": "https://me:secret@x/y"}, "no user"),
        ({"kind": "http", "url": "https://x/y", "key": "sk-live-1234"}, "environment variable"),
        ({"kind": "mcp", "tool": "t", "arguments": {}}, "either a command or a url"),
        (
            {"kind": "mcp", "tool": "t", "url": "https://x/y", "arguments": {"a": "{what}"}},
            "there is no {what}",
        ),
        (
            {"kind": "mcp", "tool": "t", "command": ["x"], "key": "K", "arguments": {}},
            "sent to a url",
        ),
    ],
)
def test_entries_that_make_no_sense(fields, said):
    with pytest.raises(HswarmError, match=said) as refused:
        validated(Pool, {"name": "p", "tools": {"helper": fields}}, "pool.yaml")
    assert "sk-live" not in str(refused.value) + refused.value.hint


def test_only_what_shapes_an_answer_tells_two_tools_apart():
    first = entry_of(kind="http", url="https://x/y")
    assert first.reference == entry_of(kind="http", url="https://x/y", timeout=3.0).reference
    assert first.reference != entry_of(kind="http", url="https://x/z").reference
    assert first.reference != entry_of(kind="calculator").reference


def test_no_more_calls_than_allowed_are_under_way():
    with Loopback(answer_question, latency=0.02) as server:
        entry = entry_of(kind="http", url=f"{server.url}/t", concurrency=3)
        engine = open_tool("helper", entry)
        assert isinstance(engine, ToolEngine)
        use(engine, *(Given(f"q{k}") for k in range(20)))
        assert server.most_at_once == 3
