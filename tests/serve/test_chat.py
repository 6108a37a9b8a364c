"""Chat completions as OpenAI's own client has them."""

import asyncio

import openai
import pytest

QUESTION = "What is the bell's owner's city?"
CHUNKS = ["ring's owner is Pia.", "bell's owner is Dirk."]


@pytest.fixture
def talk(pipeline, serving, ask):
    """Ask the server by OpenAI's client; `extra` are the server's own parameters."""

    def talk(question=QUESTION, extra=None, **more):
        async def main():
            async with serving(pipeline) as served, served.openai() as client:
                answer = await client.chat.completions.create(
                    **{**ask(question), **more},
                    extra_body={"context_chunks": CHUNKS} if extra is None else extra,
                )
                return [piece async for piece in answer] if more.get("stream") else answer

        return asyncio.run(main())

    return talk


@pytest.fixture
def expected(pipeline):
    return pipeline.answer(QUESTION, context_chunks=CHUNKS)


def test_the_answer_is_the_pipelines(talk, expected):
    done = talk()

    assert done.choices[0].message.content == expected.answer
    assert done.choices[0].finish_reason == "stop"
    assert done.model == "my-pipeline"
    turns = [turn.completion for turn in expected.turns]
    assert done.usage.prompt_tokens == sum(turn.prompt_tokens for turn in turns)
    assert done.usage.completion_tokens == sum(turn.generated_tokens for turn in turns)
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def text_of(pieces):
    return "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)


def test_a_stream_is_the_same_answer_in_pieces(exported, serving, ask, expected):
    import hswarm
    from hswarm.config import EngineConfig

    async def main():
        with hswarm.load(exported, engine=EngineConfig(threads=1)) as fresh:  # knows nothing yet
            async with serving(fresh) as served, served.openai() as client:
                return [
                    piece
                    async for piece in await client.chat.completions.create(
                        **ask(), stream=True, extra_body={"context_chunks": CHUNKS}
                    )
                ]

    pieces = asyncio.run(main())
    assert text_of(pieces) == expected.answer
    assert len(pieces) > 6
    assert pieces[0].choices[0].delta.role == "assistant"
    assert [piece.choices[0].finish_reason for piece in pieces] == (
        [None] * (len(pieces) - 1) + ["stop"]
    )
    assert len({piece.id for piece in pieces}) == 1


def test_an_answer_that_is_known_comes_in_one_piece(talk, expected):
    pieces = talk(stream=True)

    assert [piece.choices[0].delta.content for piece in pieces] == ["", expected.answer, None]


def test_the_plain_client_has_the_same(pipeline, serving_aside, ask, expected):
    chunks = {"context_chunks": CHUNKS}
    with (
        serving_aside(pipeline) as (url, _),
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60) as client,
    ):
        done = client.chat.completions.create(**ask(), extra_body=chunks)
        stream = client.chat.completions.create(**ask(), stream=True, extra_body=chunks)
        pieces = list(stream)
        with pytest.raises(openai.BadRequestError, match="one answer"):
            client.chat.completions.create(**ask(), n=2)

    assert done.choices[0].message.content == text_of(pieces) == expected.answer


def test_usage_comes_last_where_it_is_asked_for(talk):
    pieces = talk(stream=True, stream_options={"include_usage": True})

    assert pieces[-1].choices == []
    assert pieces[-1].usage == talk().usage
    assert all(piece.usage is None for piece in pieces[:-1])


def test_what_nodes_do_is_told_to_who_asks(talk, expected):
    extra = {"context_chunks": CHUNKS, "node_events": True}
    pieces = talk(stream=True, extra=extra)
    news = [piece.node for piece in pieces if not piece.choices]

    assert [(n["index"], n["state"]) for n in news if n["state"] == "started"] == [
        (node, "started") for node in (1, 3, 0, 2)
    ]
    ended = {n["index"]: n for n in news if n["state"] == "ended"}
    for node, turn in enumerate(expected.turns):
        assert ended[node]["agent"] == turn.agent
        assert ended[node]["prompt"] == turn.prompt
        assert ended[node]["answer"] == turn.completion.text
    assert text_of(pieces) == expected.answer

    whole = talk(extra=extra).model_dump()["nodes"]
    assert [node["answer"] for node in whole] == [t.completion.text for t in expected.turns]
    assert "nodes" not in talk().model_dump()


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_before_a_stop(stream, talk, expected):
    stop = expected.answer.split()[2]
    done = talk(stop=stop, stream=stream)
    said = text_of(done) if stream else done.choices[0].message.content

    assert said == expected.answer.partition(stop)[0]
    assert done[-1].choices[0].finish_reason == "stop" if stream else True


def test_an_answer_that_is_too_long_is_cut(talk):
    done = talk(max_tokens=2)

    assert done.choices[0].finish_reason == "length"
    assert talk(max_completion_tokens=2).choices == done.choices


def test_a_seed_decides_what_is_drawn(talk):
    warm = {"temperature": 1.5, "max_tokens": 12}
    first, again, other = (talk(seed=seed, **warm).choices[0].message for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_long_message_brings_its_context(talk, pipeline):
    said = talk(" ".join(CHUNKS) + "\n\n" + QUESTION, extra={})

    expected = pipeline.answer(QUESTION, context_chunks=CHUNKS)
    assert said.choices[0].message.content == expected.answer


def test_the_models_are_the_pipeline(pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.openai() as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(main()) == ["my-pipeline"]


WRONG = {
    "model": ({"model": "gpt-5"}, openai.NotFoundError, "There is no model 'gpt-5'"),
    "n": ({"n": 2}, openai.BadRequestError, "The graph has one answer"),
    "temperature": ({"temperature": 9}, openai.BadRequestError, "less than or equal to 2"),
    "logit_bias": ({"logit_bias": {"1": 1}}, openai.BadRequestError, "no parameter logit_bias"),
    "messages.0.role": (
        {"messages": [{"role": "tool", "content": "x"}]},
        openai.BadRequestError,
        "Input should be",
    ),
    "messages": (
        {"messages": [{"role": "user", "content": "word " * 9000}]},
        openai.BadRequestError,
        "tokens, the model takes",
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("param", WRONG)
def test_errors_say_what_is_wrong_with_which_parameter(param, stream, talk):
    change, kind, says = WRONG[param]
    with pytest.raises(kind, match=says) as caught:
        talk(stream=stream, **change)
    assert caught.value.param == param


def test_a_wrong_key_is_an_authentication_error(pipeline, serving, ask):
    async def main():
        async with serving(pipeline, "right") as served, served.openai("wrong") as client:
            with pytest.raises(openai.AuthenticationError):
                await client.chat.completions.create(**ask())

    asyncio.run(main())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"model": "\\ud800"}', b"{}", b"NaN",
     b'{"model": "my-pipeline", "messages": [{"role": "user", "content": "\\ud800"}]}',
     b'{"a":' * 5000],
)  # fmt: skip
def test_what_is_no_request_is_refused(body, pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            headers = {"Content-Type": "application/json"}
            return await client.post("/v1/chat/completions", content=body, headers=headers)

    response = asyncio.run(main())
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/chat/completions", 405), ("POST", "/metrics", 405)],
)
def test_other_errors_have_the_same_shape(method, path, status, pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            return await client.request(method, path)

    response = asyncio.run(main())
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"
