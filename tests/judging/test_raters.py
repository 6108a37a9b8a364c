"""Who rates: over HTTP from a server on this machine, and by tiny random models."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import hswarm
from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.engines import persistence
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.memo import MemoEngine
from hswarm.engines.purse import BudgetSpent, Purse
from hswarm.engines.request import CallFailed, Completion, Remote, Request, Sampling
from hswarm.errors import HswarmError
from hswarm.judging import rater
from hswarm.judging.perspective import open_perspective
from hswarm.judging.rater import (
    GEMINI,
    Detector,
    Judge,
    LocalJudge,
    OfflineJudge,
    Rater,
    Rewarder,
    open_rater,
)
from hswarm.tasks.scorers.judge import JudgeScorer
from hswarm.tasks.task import Example
from hswarm.testing.loopback import Faults, Loopback


@pytest.fixture(autouse=True)
def _keys_and_no_long_waits(monkeypatch):
    for name in ("PERSPECTIVE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("A_KEY", "s3cret")
    monkeypatch.setattr(persistence, "_FIRST", 0.001)


@pytest.fixture
def server(monkeypatch):
    """A server that gives the replies of a list, (status, JSON), and keeps what it was sent."""
    replies, seen = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, content = replies.pop(0) if len(replies) > 1 else replies[0]
            sent = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args):
            pass

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", replies, seen
    running.shutdown()
    running.server_close()


def ask(engine, text, model="TOXICITY"):
    request = Request(Remote("x", model), text, Sampling(16))
    return asyncio.run(engine.generate(request))


def toxic(value):
    return {"attributeScores": {"TOXICITY": {"summaryScore": {"value": value}}}}


def perspective(address):
    return open_perspective("TOXICITY", "A_KEY", url=address)


def test_perspective_is_asked_for_one_attribute_and_its_key_is_in_no_url(server):
    address, replies, seen = server
    replies.append((200, toxic(0.125)))
    assert ask(perspective(address), "a text").text == "0.125"
    path, headers, body = seen[0]
    assert "s3cret" not in path
    assert headers["x-goog-api-key"] == "s3cret"
    assert body["comment"] == {"text": "a text"}
    assert body["requestedAttributes"] == {"TOXICITY": {}}


def test_perspective_is_asked_again_when_it_is_busy_and_then_it_has_failed(server):
    address, replies, seen = server
    replies += [(429, {}), (503, {}), (200, toxic(0.5))]
    assert ask(perspective(address), "x").text == "0.5"
    assert len(seen) == 3
    replies[:] = [(400, {})]
    with pytest.raises(CallFailed, match="the Perspective API: HTTP 400"):
        ask(perspective(address), "x")
    assert len(seen) == 4
    replies[:] = [(200, {"attributeScores": {}})]
    with pytest.raises(CallFailed, match="tried 8 times, at last: an unusable reply"):
        ask(perspective(address), "x")


def test_a_key_that_perspective_refuses_ends_the_run(server):
    address, replies, _ = server
    replies.append((401, {"error": "s3cret is no key"}))
    with pytest.raises(HswarmError, match="refused: HTTP 401") as refused:
        ask(perspective(address), "x")
    assert "s3cret" not in str(refused.value)


def test_perspective_serves_one_event_loop_after_another(server):
    address, replies, seen = server
    replies.append((200, toxic(0.5)))
    engine = perspective(address)

    async def many(start):
        texts = [f"text {start + k}" for k in range(12)]
        requests = [Request(Remote("x", "TOXICITY"), text, Sampling(1)) for text in texts]
        return await asyncio.gather(*map(engine.generate, requests))

    for start in (0, 100):
        assert len(asyncio.run(many(start))) == 12
    assert len(seen) == 24


def test_nothing_said_is_not_toxic_and_nobody_is_asked():
    assert ask(perspective("http://127.0.0.1:9"), " \n").text == "0.0"


def test_without_a_key_it_says_which_and_what_else_there_is():
    with pytest.raises(HswarmError, match="variable PERSPECTIVE_API_KEY is not set") as error:
        open_rater(Detector())
    assert "--set scorer.arguments.detector.provider=local" in error.value.hint
    with pytest.raises(HswarmError, match="variable GEMINI_API_KEY is not set") as error:
        open_rater(GEMINI)
    assert "--set scorer.arguments.judge.provider=" in error.value.hint


def test_what_is_missing_is_said_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text(
        json.dumps({"dev": [{"prompt": "Tell."}], "test": [{"prompt": "Say."}]})
    )
    with pytest.raises(HswarmError, match="variable GEMINI_API_KEY is not set"):
        hswarm.optimize("human-plastic", data="mine.json")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"model": "m", "key": "A_KEY"}, Endpoint(model="m", key="A_KEY")),
        ({"provider": "gemini", "model": "m", "key": "A_KEY"}, None),
        ({"provider": "local", "model": "some/model"}, LocalJudge(model="some/model")),
        ({"provider": "offline"}, OfflineJudge()),
    ],
)
def test_a_judge_is_told_by_its_provider(written, read):
    judge = TypeAdapter(Judge).validate_python(written)
    assert judge == (read or Endpoint(**written))


def test_a_key_that_was_pasted_for_its_name_is_not_shown():
    with pytest.raises(ValueError, match="in capitals") as error:
        Detector(key="AIza-oh-no")
    assert "AIza" not in str(error.value)


@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_a_judge_behind_an_api_is_asked_at_temperature_0_until_it_answers(provider):
    faults = Faults(share=0.5, kinds=("rate limit", "server error", "truncated"), seed=3)
    with Loopback(lambda prompt, seed: f"Rating: {len(prompt) % 10 or 10}/10", faults) as server:
        url = server.url + ("/v1" if provider == "openai" else "")
        judge = Endpoint(provider=provider, model="m", base_url=url, key="A_KEY", attempts=20)
        scorer = JudgeScorer(prompt="similarity", judge=judge)

        async def rate():
            items = [Example(str(k), "?", ("x" * k,)) for k in range(1, 9)]
            try:
                return await asyncio.gather(*(scorer(item, "y") for item in items))
            finally:
                await scorer.aclose()

        ratings = asyncio.run(rate())
    assert len(set(ratings)) == 8
    assert server.faulted
    bodies = [call.body for call in server.calls]
    asked = [body.get("generationConfig", body)["temperature"] for body in bodies]
    assert set(asked) == {0.0}


def test_a_judge_that_costs_money_is_paid_from_the_runs_purse(tmp_path):
    from hswarm.store.memo import SqliteMemo

    bills = []
    with Loopback(lambda prompt, seed: "Rating: 7/10") as server:
        price = {"prompt": 1.0, "generated": 2.0}
        judge = Endpoint(model="m", base_url=f"{server.url}/v1", price=price)
        for limit in (10**9, 1):
            purse = Purse(limit)
            purse.keep_books(bills[:], bills.append)
            scorer = JudgeScorer(prompt="similarity", judge=judge)
            with SqliteMemo(tmp_path / "ratings.sqlite") as store:
                scorer.prepare(store, purse)

                async def rate(scorer=scorer, said="y"):
                    try:
                        return await scorer(Example("0", "?", ("x",)), said)
                    finally:
                        await scorer.aclose()

                assert asyncio.run(rate()) == 0.7  # the second time from the store
                if limit == 1:
                    with pytest.raises(BudgetSpent):
                        asyncio.run(rate(said="z"))
    assert [bill["model"] for bill in bills] == ["m"]
    assert len(server.calls) == 1


def test_what_was_said_is_kept_and_nobody_is_asked_again(monkeypatch, tmp_path):
    from hswarm.store.memo import SqliteMemo

    asked = []

    class Counting:
        async def generate(self, request):
            asked.append(request.prompt)
            return Completion("0.5", 0, 0)

    monkeypatch.setattr(rater, "open_rater", lambda who, purse: Counting())
    for _ in range(2):
        with SqliteMemo(tmp_path / "ratings.sqlite") as store:
            asker = Rater(Detector())
            asker.prepare(store)
            assert asyncio.run(asker.ask("x", max_tokens=1)).text == "0.5"
            asyncio.run(asker.aclose())
    assert asked == ["x"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """Save a tiny random classifier with so many outputs; return its folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    def make(outputs, labels=None):
        folder = tmp_path_factory.mktemp("classifier")
        words = {word: k for k, word in enumerate(["[PAD]", "[UNK]", "good", "bad", "dog", "cat"])}
        tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
        ).save_pretrained(folder)
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=32,
            num_labels=outputs,
            initializer_range=1.0,
            **({"id2label": dict(enumerate(labels))} if labels else {}),
        )
        BertForSequenceClassification(config).save_pretrained(folder)
        return str(folder)

    return make


def test_a_reward_model_rates_exchanges_alike_alone_and_in_a_batch(classifier):
    folder = classifier(1)
    texts = [json.dumps(["dog", text]) for text in ("good", "bad cat", "good good good bad")]

    def rate(batch_size, prompts):
        async def rated():
            opened = open_rater(Rewarder(model=folder, device="cpu", batch_size=batch_size))
            engine = MemoEngine(opened)
            requests = [Request(Remote("x", folder), text, Sampling(1)) for text in prompts]
            try:
                return [
                    float(c.text) for c in await asyncio.gather(*map(engine.generate, requests))
                ]
            finally:
                await engine.aclose()

        return asyncio.run(rated())

    together = rate(3, texts)
    assert len(set(together)) == 3
    assert together == pytest.approx(rate(1, texts), abs=1e-5)


def test_a_detector_reads_the_output_that_is_named(classifier):
    folder = classifier(2, ["fine", "toxic"])

    def share(label):
        engine = open_rater(Detector(provider="local", model=folder, label=label, device="cpu"))
        try:
            return float(ask(engine, "[bad] dog", folder).text)
        finally:
            asyncio.run(engine.aclose())

    assert share("toxic") + share("fine") == pytest.approx(1.0)
    with pytest.raises(HswarmError, match="has no output 'rude'"):
        share("rude")
    with pytest.raises(HswarmError, match="has 2 outputs: it is no reward model"):
        open_rater(Rewarder(model=folder, device="cpu"))


def test_a_model_that_is_not_there_is_a_user_error(tmp_path):
    for who in (Rewarder(model=str(tmp_path)), LocalJudge(model=str(tmp_path))):
        with pytest.raises(HswarmError, match="cannot be loaded"):
            open_rater(who)


def test_weights_that_would_be_unpickled_are_not_loaded(classifier):
    import torch
    from safetensors.torch import load_file

    folder = Path(classifier(1, ["reward"]))
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    for who in (Rewarder(model=str(folder), device="cpu"), LocalJudge(model=str(folder))):
        with pytest.raises(HswarmError, match="cannot be loaded"):
            open_rater(who)


def test_a_model_on_this_machine_judges_alike_alone_and_in_a_batch():
    (family,) = read_pool(find("agents", "tiny")).families.values()
    judge = LocalJudge(model=family.base, device="cpu")
    prompts = ["What is 2 + 3?", "Rate it.", "Who is Ada's friend, and what is the friend's job?"]

    async def say(some):
        engine = open_rater(judge)
        requests = [Request(Remote("local", family.base), text, Sampling(8)) for text in some]
        try:
            return await asyncio.gather(*map(engine.generate, requests))
        finally:
            await engine.aclose()

    together = asyncio.run(say(prompts))
    assert [one for text in prompts for one in asyncio.run(say([text]))] == together
    assert [answer.truncated for answer in together] == [
        answer.generated_tokens == 8 for answer in together
    ]
    assert {answer.truncated for answer in together} == {True, False}


def test_a_run_is_rated_by_a_judge_behind_an_api_and_pays_it(tmp_path):
    with Loopback(lambda prompt, seed: f"Rating: {1 + len(prompt) % 9}/10") as server:
        price = {"prompt": 1.0, "generated": 2.0}
        judge = {"provider": "openai", "model": "m", "base_url": f"{server.url}/v1", "price": price}
        result = hswarm.optimize(
            "agentbench-ltp",
            run=tmp_path / "run",
            limit=2,
            max_iterations=0,
            settings={
                "engine": {"threads": 1},
                "search": {"role": {"particles": 2}},
                "scorer": {"arguments": {"judge": judge}},
            },
        )
        asked = len(server.calls)
    assert 0.1 <= result.found.test.utility <= 1.0
    assert asked == len({call.body["messages"][0]["content"] for call in server.calls}) > 2
    bills = (tmp_path / "run" / "bills.jsonl").read_text().splitlines()
    assert [json.loads(bill)["model"] for bill in bills] == ["m"] * asked
    accounts = json.loads((tmp_path / "run" / "accounts.json").read_text())
    paid = sum(json.loads(bill)["picodollars"] for bill in bills) / 10**12
    assert accounts["paid"] == paid > accounts["dollars"] == 0
    assert (tmp_path / "run" / "ratings.sqlite").is_file()


def test_a_limit_in_dollars_takes_a_judge_with_a_price(tmp_path):
    with Loopback(lambda prompt, seed: "Rating: 5/10") as server:
        judge = {"provider": "openai", "model": "m", "base_url": f"{server.url}/v1"}
        with pytest.raises(HswarmError, match="the judge m has no price") as refused:
            hswarm.optimize(
                "agentbench-ltp",
                run=tmp_path / "run",
                limit=2,
                max_dollars=1.0,
                settings={"scorer": {"arguments": {"judge": judge}}},
            )
        assert server.calls == []
    assert "scorer.arguments.judge" in refused.value.hint
    assert not (tmp_path / "run").exists()
