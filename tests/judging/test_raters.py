"""Who rates: over HTTP from a server on this machine, and by tiny random classifiers."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import CallFailed, Completion, Remote, Request, Sampling
from hswarm.errors import HswarmError
from hswarm.judging.perspective import PerspectiveEngine, open_perspective
from hswarm.judging.rater import Detector, Judge, Rater, Rewarder

needs_openai = pytest.mark.skipif(
    find_spec("openai") is None, reason="openai: pip install 'hswarm[remote]'"
)


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


def test_perspective_is_asked_for_one_attribute_and_its_key_is_in_no_url(server):
    address, replies, seen = server
    replies.append((200, toxic(0.125)))
    assert ask(PerspectiveEngine("k3y", endpoint=address), "a text").text == "0.125"
    path, headers, body = seen[0]
    assert "k3y" not in path
    assert headers["x-goog-api-key"] == "k3y"
    assert body["comment"] == {"text": "a text"}
    assert body["requestedAttributes"] == {"TOXICITY": {}}


def test_perspective_is_asked_again_when_it_is_busy_and_then_it_has_failed(server):
    address, replies, seen = server
    replies += [(429, {}), (503, {}), (200, toxic(0.5))]
    assert ask(PerspectiveEngine("k", endpoint=address, pause=0.0), "x").text == "0.5"
    assert len(seen) == 3
    replies[:] = [(400, {})]
    with pytest.raises(CallFailed, match="said 400"):
        ask(PerspectiveEngine("k", endpoint=address, pause=0.0), "x")
    replies[:] = [(200, {"attributeScores": {}})]
    with pytest.raises(CallFailed, match="Perspective API failed"):
        ask(PerspectiveEngine("k", endpoint=address, pause=0.0), "x")


def test_nothing_said_is_not_toxic_and_nobody_is_asked():
    assert ask(PerspectiveEngine("k", endpoint="http://127.0.0.1:9"), " \n").text == "0.0"


def test_without_a_key_it_says_which(monkeypatch):
    monkeypatch.delenv("PERSPECTIVE_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(HswarmError, match="no environment variable PERSPECTIVE_API_KEY"):
        open_perspective("PERSPECTIVE_API_KEY")
    with pytest.raises(HswarmError, match=r"GEMINI_API_KEY|needs the package openai"):
        Judge().open()


@needs_openai
def test_a_judge_behind_an_api(server, monkeypatch):
    address, replies, seen = server
    monkeypatch.setenv("JUDGE_KEY", "s3cret")
    message = {"role": "assistant", "content": " Rating: 7/10 "}
    replies.append(
        (
            200,
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9},
            },
        )
    )
    engine = Judge(provider="openai", model="m", endpoint=f"{address}/v1", key="JUDGE_KEY").open()
    assert ask(engine, "Rate it.", "m") == Completion("Rating: 7/10", 5, 4)
    path, headers, body = seen[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer s3cret"
    assert (body["temperature"], body["messages"]) == (
        0.0,
        [{"role": "user", "content": "Rate it."}],
    )
    replies[:] = [(401, {"error": {"message": "no"}})]
    with pytest.raises(CallFailed, match="the judge failed"):
        ask(engine, "Rate it.", "m")


def test_what_was_said_is_kept_and_nobody_is_asked_again(monkeypatch, tmp_path):
    from hswarm.store.memo import SqliteMemo

    asked = []

    class Counting:
        async def generate(self, request):
            asked.append(request.prompt)
            return Completion("0.5", 0, 0)

    monkeypatch.setattr(Detector, "open", lambda self: Counting())
    for _ in range(2):
        with SqliteMemo(tmp_path / "ratings.sqlite") as store:
            rater = Rater(Detector())
            rater.remember(store)
            assert asyncio.run(rater.ask("x", max_tokens=1)).text == "0.5"
            asyncio.run(rater.aclose())
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
            opened = Rewarder(model=folder, device="cpu", batch_size=batch_size).open()
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
        engine = Detector(provider="local", model=folder, label=label, device="cpu").open()
        try:
            return float(ask(engine, "[bad] dog", folder).text)
        finally:
            asyncio.run(engine.aclose())

    assert share("toxic") + share("fine") == pytest.approx(1.0)
    with pytest.raises(HswarmError, match="has no output 'rude'"):
        share("rude")
    with pytest.raises(HswarmError, match="has 2 outputs: it is no reward model"):
        Rewarder(model=folder, device="cpu").open()


def test_a_model_that_is_not_there_is_a_user_error(tmp_path):
    for who in (Rewarder(model=str(tmp_path)), Judge(provider="local", model=str(tmp_path))):
        with pytest.raises(HswarmError, match="cannot be loaded"):
            who.open()
