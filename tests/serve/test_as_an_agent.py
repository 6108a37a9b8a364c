"""A pipeline that is served, as a remote model of another: our client meets our own server."""

import asyncio

import pytest

from hswarm.engines.endpoint import Endpoint
from hswarm.engines.openai import open_openai
from hswarm.engines.request import CallFailed, Request, Sampling
from hswarm.errors import HswarmError

KEY = "sk-canary-90ae14"
QUESTION = "What is Ada's friend's job?"


@pytest.fixture
def ask(pipeline, serving, monkeypatch):
    """Ask the server as an agent of a pool does."""
    monkeypatch.setenv("CANARY_KEY", KEY)

    def ask(question, max_tokens, *, key="CANARY_KEY", model=pipeline.name, **options):
        async def main():
            async with serving(pipeline, key=KEY) as served:
                url = f"{served.url}/v1"
                endpoint = Endpoint(model=model, base_url=url, key=key, **options)
                engine = open_openai("served", endpoint)
                try:
                    request = Request(endpoint.reference, question, Sampling(max_tokens))
                    return await engine.generate(request)
                finally:
                    await engine.aclose()

        return asyncio.run(main())

    return ask


def test_it_says_what_the_pipeline_says(ask, pipeline):
    expected = pipeline.answer(QUESTION)
    answer = ask(QUESTION, pipeline.samplings[0].max_tokens)

    assert answer.text == expected.answer
    turns = [turn.completion for turn in expected.turns]
    assert answer.prompt_tokens == sum(turn.prompt_tokens for turn in turns)
    assert answer.generated_tokens == sum(turn.generated_tokens for turn in turns)


def test_what_it_has_no_room_for_fails_at_once(ask):
    with pytest.raises(CallFailed, match=r"served: HTTP 400: .* tokens"):
        ask("word " * 3000, 8)


def test_it_is_refused_without_the_key(ask, monkeypatch):
    monkeypatch.setenv("OTHER_KEY", "sk-of-somebody-else")
    with pytest.raises(HswarmError, match="is refused: HTTP 401"):
        ask(QUESTION, 8, key="OTHER_KEY")
