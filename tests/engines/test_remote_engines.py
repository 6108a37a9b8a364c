"""Engines of models behind an API, their real clients against a real server."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from hswarm.engines import persistence
from hswarm.engines.endpoint import Endpoint, Price
from hswarm.engines.gemini import open_gemini
from hswarm.engines.openai import open_openai
from hswarm.engines.purse import BudgetSpent, Purse
from hswarm.engines.request import Asker, CallFailed, Request, Sampling
from hswarm.errors import HswarmError
from hswarm.testing.engines import EngineContract
from hswarm.testing.loopback import KINDS, Faults, Loopback

KEY = "sk-canary-1f6b0c"
PROVIDERS = ("openai", "gemini")
SAMPLING = Sampling(6)


def speak(prompt, seed):
    """Some words that follow from the prompt."""
    if "silence" in prompt:
        return ""
    return " ".join(f"{prompt[:4]}{len(prompt)}{seed or ''}" for _ in range(1 + len(prompt) % 5))


@pytest.fixture(autouse=True)
def _key_and_no_long_waits(monkeypatch):
    monkeypatch.setenv("CANARY_KEY", KEY)
    monkeypatch.setattr(persistence, "_FIRST", 0.001)


@pytest.fixture
def serve():
    """Start servers that end with the test."""
    servers = []

    def start(answer=speak, **options):
        servers.append(Loopback(answer, **options).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def endpoint(server, provider="openai", **options):
    url = server.url + ("/v1" if provider == "openai" else "")
    settings = {"provider": provider, "model": "m-1", "base_url": url, "key": "CANARY_KEY"}
    return Endpoint(**{**settings, **options})


def open_engine(at, purse=None):
    return {"openai": open_openai, "gemini": open_gemini}[at.provider]("far", at, purse)


def ask(prompt, at, sampling=SAMPLING):
    return Request(at.reference, prompt, sampling, Asker("far", 0))


def gather(engine, requests):
    async def main():
        try:
            return await asyncio.gather(*map(engine.generate, requests), return_exceptions=True)
        finally:
            await engine.aclose()

    return asyncio.run(main())


class _Contract(EngineContract):
    provider = ""

    @pytest.fixture(autouse=True)
    def _server(self, serve):
        server = serve()
        self.at = endpoint(server, self.provider)
        self.other = endpoint(server, self.provider, model="m-2")

    def open_engine(self):
        return open_engine(self.at)

    def requests(self):
        return [
            ask(f"{word} {'x' * k}", self.at) for k, word in enumerate(["ab", "cd", "ef", "gh"])
        ]


class TestOpenAIContract(_Contract):
    provider = "openai"


class TestGeminiContract(_Contract):
    provider = "gemini"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_answers_say_what_they_took_and_whether_they_were_cut_off(provider, serve):
    at = endpoint(serve(lambda prompt, seed: prompt), provider)
    short, long = gather(open_engine(at), [ask("one two", at), ask("a b c d e f g h", at)])
    assert (short.text, short.prompt_tokens, short.generated_tokens) == ("one two", 2, 3)
    assert not short.truncated
    assert (long.text, long.prompt_tokens, long.generated_tokens) == ("a b c d e f", 8, 6)
    assert long.truncated


def test_what_openai_is_sent(serve):
    server = serve()
    settings = {"max_tokens": None, "max_completion_tokens": 6, "reasoning_effort": "low"}
    at = endpoint(server, parameters=settings)
    gather(open_engine(at), [ask("hello", at)])
    [call] = server.calls
    assert call.path == "/v1/chat/completions"
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0.0,
        "max_completion_tokens": 6,
        "reasoning_effort": "low",
    }


def test_what_gemini_is_sent(serve):
    server = serve()
    at = endpoint(server, "gemini", parameters={"thinking_config": {"thinking_budget": 0}})
    gather(open_engine(at), [ask("hello", at, Sampling(6, 0.5, 0.9, 7))])
    [call] = server.calls
    assert call.path.endswith("/models/m-1:generateContent")
    assert call.headers["x-goog-api-key"] == KEY
    assert KEY not in call.path
    assert call.body["contents"] == [{"parts": [{"text": "hello"}], "role": "user"}]
    thinking = call.body["generationConfig"].pop("thinkingConfig")
    assert list(thinking.values()) == [0]
    assert call.body["generationConfig"] == {
        "maxOutputTokens": 6,
        "temperature": 0.5,
        "topP": 0.9,
        "seed": 7,
    }


def test_without_a_key_none_is_sent(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-you")
    server = serve()
    at = endpoint(server, key="")
    gather(open_engine(at), [ask("hello", at)])
    assert "authorization" not in server.calls[0].headers
    assert "not-for-you" not in json.dumps(server.calls[0].headers)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_that_is_not_there_is_said_by_the_name_of_its_variable(provider, serve, monkeypatch):
    monkeypatch.delenv("CANARY_KEY")
    with pytest.raises(HswarmError, match="CANARY_KEY is not set"):
        open_engine(endpoint(serve(), provider))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_outlived(provider, kind, serve):
    server = serve(faults=Faults(0.25, (kind,), hang=1.0))
    at = endpoint(server, provider, timeout=0.3, attempts=12, concurrency=64)
    requests = [ask(f"prompt {k}", at) for k in range(16)]
    answers = gather(open_engine(at), requests)
    assert [answer.text for answer in answers] == [
        " ".join(speak(request.prompt, None).split()[:6]) for request in requests
    ]
    assert server.faulted[kind] > 0


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", ["server error", "reset", "truncated", "wrong type"])
def test_what_fails_every_time_has_failed_for_good(provider, kind, serve):
    server = serve(faults=Faults(1.0, (kind,)))
    at = endpoint(server, provider, attempts=3)
    [failure] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(failure, CallFailed)
    assert str(failure).startswith("far: tried 3 times, at last: ")
    assert len(server.calls) == 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_how_long_a_server_asks_to_wait_is_heard(provider, serve, monkeypatch):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(persistence, "asyncio", SimpleNamespace(sleep=sleep))
    at = endpoint(serve(faults=Faults(1.0, ("rate limit, retry after",))), provider, attempts=3)
    gather(open_engine(at), [ask("hello", at)])
    assert [round(wait) for wait in waits] == [1, 1]


def test_a_model_that_has_nothing_to_say_is_believed_in_the_end(serve):
    server = serve()
    at = endpoint(server)
    [answer] = gather(open_engine(at), [ask("silence", at)])
    assert answer.text == ""
    assert len(server.calls) == 4


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_of_all_is_the_users_to_mend_and_tells_no_key(status, provider, replies):
    at = endpoint(replies(status, {"error": {"message": f"bad key {KEY}"}}), provider)
    [error] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(error, HswarmError)
    assert f"HTTP {status}: bad key [key]" in str(error)
    assert KEY not in str(error) + error.hint


@pytest.mark.parametrize("length", [292, 368, 373])
@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_is_blotted_out_where_a_long_complaint_is_cut(provider, status, length, replies):
    at = endpoint(replies(status, {"error": {"message": "x" * length + KEY}}), provider)
    [error] = gather(open_engine(at), [ask("hello", at)])
    assert "x" * length in str(error)
    assert KEY[:4] not in str(error)
    assert len(str(error)) <= 400


def test_where_there_is_no_connection_is_said(serve):
    at = endpoint(serve(), attempts=1, base_url="http://127.0.0.1:9/v1")
    [failure] = gather(open_engine(at), [ask("hello", at)])
    assert "no connection to http://127.0.0.1:9/v1 (All connection attempts failed)" in str(failure)


@pytest.mark.parametrize("status", [400, 402, 403, 422])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_of_one_prompt_fails_it_at_once(status, provider, replies):
    server = replies(status, {"error": {"message": "too long"}})
    at = endpoint(server, provider)
    [failure] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(failure, CallFailed)
    assert f"HTTP {status}: too long" in str(failure)
    assert len(server.calls) == 1


@pytest.fixture
def replies(serve, monkeypatch):
    """Start a server that replies the same to everybody."""

    def start(status, body):
        from hswarm.testing import loopback

        original = loopback._write
        content = json.dumps(body).encode()
        monkeypatch.setattr(
            loopback, "_write", lambda writer, *_, **__: original(writer, status, content)
        )
        return serve()

    return start


def test_an_answer_that_openai_holds_back_is_a_failure_that_was_paid(replies):
    choice = {"message": {"content": None}, "finish_reason": "content_filter"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    at = endpoint(replies(200, {"choices": [choice], "usage": usage}), price=PRICE)
    purse = Purse()
    [failure] = gather(open_engine(at, purse), [ask("hello", at)])
    assert isinstance(failure, CallFailed)
    assert "held back: content_filter" in str(failure)
    assert purse.paid == 5 * 1_000_000 + 2 * 2_000_000


def test_a_prompt_that_gemini_blocks_is_a_failure(replies):
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    at = endpoint(replies(200, body), "gemini")
    [failure] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(failure, CallFailed)
    assert "held back: SAFETY" in str(failure)


def test_what_gemini_thinks_is_paid_but_not_passed_on(replies):
    parts = [{"text": "hmm", "thought": True}, {"text": "yes"}]
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 1, "thoughtsTokenCount": 9}
    at = endpoint(replies(200, {"candidates": [candidate], "usageMetadata": usage}), "gemini")
    [answer] = gather(open_engine(at), [ask("hello", at)])
    assert (answer.text, answer.generated_tokens) == ("yes", 10)


def test_parameters_that_gemini_does_not_know_are_named(serve):
    at = endpoint(serve(), "gemini", parameters={"loudness": 3})
    [error] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(error, HswarmError)
    assert "loudness" in str(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_redirect_is_not_followed(provider, serve, replies):
    elsewhere = serve()
    server = replies(302, {"location": elsewhere.url})
    at = endpoint(server, provider, attempts=1)
    [failure] = gather(open_engine(at), [ask("hello", at)])
    assert isinstance(failure, CallFailed)
    assert not elsewhere.calls


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_more_calls_at_once_than_allowed(provider, serve):
    server = serve(latency=0.02)
    at = endpoint(server, provider, concurrency=3)
    gather(open_engine(at), [ask(f"prompt {k}", at) for k in range(20)])
    assert server.most_at_once == 3


PRICE = Price(prompt=1.0, generated=2.0)


def test_prices_are_exact_to_the_picodollar():
    assert Price(prompt=0.15, generated=0.6).picodollars(1, 0) == 150_000
    assert Price(prompt=0.15, generated=0.6).picodollars(10**6, 10**6) == 750_000_000_000


@pytest.mark.parametrize("limit", [1, 40_000_000, 123_456_789])
def test_no_more_is_spent_than_the_limit_and_the_calls_in_flight(limit, serve):
    server = serve(latency=0.005)
    at = endpoint(server, concurrency=4, price=PRICE)
    bills = []
    purse = Purse(limit)
    purse.keep_books([], bills.append)
    outcomes = gather(open_engine(at, purse), [ask(f"prompt {k:04}", at) for k in range(200)])
    answered = [o for o in outcomes if not isinstance(o, Exception)]
    dearest = max(bill["picodollars"] for bill in bills)
    assert {type(o) for o in outcomes if isinstance(o, Exception)} == {BudgetSpent}
    assert limit <= purse.paid < limit + 4 * dearest
    assert purse.paid == sum(answer.picodollars for answer in answered)
    assert len(server.calls) == len(bills) == len(answered)


def test_a_call_that_nobody_waits_for_any_more_is_paid(serve):
    server = serve(latency=0.5)
    at = endpoint(server, price=PRICE)
    purse = Purse()
    engine = open_engine(at, purse)

    async def main():
        call = asyncio.ensure_future(engine.generate(ask("hello there", at)))
        await asyncio.sleep(0.05)  # longer than it takes to ask, shorter than to be answered
        call.cancel()
        await engine.aclose()

    asyncio.run(main())
    assert purse.paid > 0


def test_empty_answers_that_are_thrown_away_are_paid_too(serve):
    server = serve(faults=Faults(0.5, ("empty answer",), seed=1))
    at = endpoint(server, price=PRICE)
    purse = Purse()
    answers = gather(open_engine(at, purse), [ask(f"prompt {k}", at) for k in range(10)])
    assert server.faulted["empty answer"] > 0
    assert purse.paid > sum(answer.picodollars for answer in answers)
