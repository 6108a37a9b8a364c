"""Queue, deadline, clients that leave: whatever happens, every place is free in the end."""

import asyncio

import openai
import pytest

PATH = "/v1/chat/completions"


async def until(condition):
    """Wait until `condition` holds, a function or a coroutine function without arguments."""
    while True:
        held = condition()
        if await held if asyncio.iscoroutine(held) else held:
            return
        await asyncio.sleep(0.005)


def value(text, name):
    """Return a metric's value from Prometheus' text."""
    lines = (line for line in text.splitlines() if line.startswith(name + " "))
    return float(next(lines).split()[1])


async def gauges(client):
    """Return how many questions are being answered, and how many wait."""
    text = (await client.get("/metrics")).text
    return value(text, "hswarm_in_flight"), value(text, "hswarm_queue")


async def until_gauges(client, *expected):
    async def reached():
        return await gauges(client) == expected

    await until(reached)


def test_when_the_queue_is_full_the_next_is_turned_away(held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline, concurrent=2, queue=1) as served, served.http() as client:
            first = [asyncio.create_task(client.post(PATH, json=ask(f"{k}"))) for k in range(3)]
            await until_gauges(client, 2, 1)
            refused = await client.post(PATH, json=ask("one too many"))
            refused_stream = await client.post(PATH, json=ask("and another", stream=True))
            engine.may_go.set()
            answered = [response.status_code for response in await asyncio.gather(*first)]
            return refused, refused_stream, answered, await gauges(client)

    refused, refused_stream, answered, left = asyncio.run(main())
    for response in (refused, refused_stream):
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["error"]["code"] == "queue_full"
    assert answered == [200] * 3
    assert left == (0, 0)


def test_openais_client_comes_again_when_it_is_told_to(held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline, concurrent=1, queue=0) as served, served.openai() as client:
            patient = client.with_options(max_retries=5)
            first = asyncio.create_task(client.chat.completions.create(**ask("first")))
            await until(lambda: engine.asked)
            second = asyncio.create_task(patient.chat.completions.create(**ask("second")))
            async with served.http() as looking:

                async def refused():
                    return 'code="queue_full"}' in (await looking.get("/metrics")).text

                await until(refused)
            engine.may_go.set()
            return await asyncio.gather(first, second)

    first, second = asyncio.run(main())
    assert first.choices[0].message.content
    assert second.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_too_long_is_given_up(stream, held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline, deadline=0.05) as served, served.http() as client:
            response = await client.post(PATH, json=ask(stream=stream))
            await until(lambda: len(engine.given_up) == 2)
            return response, await gauges(client)

    response, left = asyncio.run(main())
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "deadline_exceeded"
    assert left == (0, 0)


def test_too_late_in_mid_stream_is_an_error_for_the_client(held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline, deadline=0.2) as served, served.openai() as client:
            pieces = await client.chat.completions.create(
                **ask(), stream=True, extra_body={"node_events": True}
            )
            with pytest.raises(openai.APIError, match="no answer within"):
                async for _ in pieces:
                    pass

    asyncio.run(main())
    assert len(engine.given_up) == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("events", [False, True])
def test_a_client_that_leaves_cancels_the_work(stream, events, held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline) as served, served.http() as client:
            leaving = asyncio.create_task(
                client.post(PATH, json=ask(stream=stream, node_events=events))
            )
            await until(lambda: len(engine.asked) == 2)
            leaving.cancel()
            await until(lambda: len(engine.given_up) == 2)
            await until_gauges(client, 0, 0)
            engine.may_go.set()
            return await client.post(PATH, json=ask("another"))

    assert asyncio.run(main()).status_code == 200


def test_a_client_that_leaves_the_queue_frees_its_place(held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline, concurrent=1, queue=1) as served, served.http() as client:
            first = asyncio.create_task(client.post(PATH, json=ask("first")))
            await until(lambda: engine.asked)
            leaving = asyncio.create_task(client.post(PATH, json=ask("leaving")))
            await until_gauges(client, 1, 1)
            leaving.cancel()
            await until_gauges(client, 1, 0)
            engine.may_go.set()
            return await first

    assert asyncio.run(main()).status_code == 200
    assert len({request.prompt for request in engine.asked}) == 3  # nobody asked for the other


def test_one_of_two_who_ask_the_same_may_leave(held, serving, ask):
    pipeline, engine = held

    async def main():
        async with serving(pipeline) as served, served.http() as client:
            calls = [asyncio.create_task(client.post(PATH, json=ask())) for _ in range(2)]
            await until_gauges(client, 2, 0)
            calls[0].cancel()
            await until_gauges(client, 1, 0)
            engine.may_go.set()
            return await calls[1]

    assert asyncio.run(main()).status_code == 200
    assert engine.given_up == []


def test_a_failed_call_is_a_bad_gateway(held, serving, ask):
    pipeline, engine = held
    engine.may_go.set()

    async def main():
        async with serving(pipeline) as served, served.http() as client:
            return await client.post(PATH, json=ask("fail"))

    response = asyncio.run(main())
    assert response.status_code == 502
    assert response.json()["error"] == {
        "message": "A node's call failed: as asked.",
        "type": "server_error",
        "param": None,
        "code": "call_failed",
    }


def test_a_defect_is_an_error_of_that_shape_and_says_nothing_of_itself(
    held, serving, ask, monkeypatch
):
    pipeline, _ = held
    monkeypatch.setattr(pipeline, "respond", lambda *_, **__: 1 / 0)

    async def main():
        async with serving(pipeline) as served, served.http() as client:
            response = await client.post(PATH, json=ask())
            return response, await gauges(client)

    response, left = asyncio.run(main())
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert "division" not in response.text
    assert left == (0, 0)


def test_half_a_request_holds_no_place(held, serving, ask):
    pipeline, engine = held
    engine.may_go.set()

    async def main():
        async with serving(pipeline, concurrent=1, queue=0) as served, served.http() as client:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
            )
            await writer.drain()
            response = await client.post(PATH, json=ask())
            writer.close()
            return response

    assert asyncio.run(main()).status_code == 200


def test_metrics_count_what_was_asked(pipeline, serving, ask):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            for _ in range(2):
                await client.post(PATH, json=ask("What is counted?"))
            await client.post(PATH, json=ask(model="another"))
            await client.post(PATH, json=ask("word " * 9000))
            done = (await client.post(PATH, json=ask("What is counted?"))).json()
            return (await client.get("/metrics")), done["usage"]

    response, usage = asyncio.run(main())
    assert response.headers["content-type"].startswith("text/plain")
    text = response.text
    assert value(text, "hswarm_answer_seconds_count") == 3
    assert value(text, "hswarm_memo_hits_total") >= 8
    assert 'hswarm_errors_total{code="context_length_exceeded"} 1.0' in text
    for node, agent in enumerate(pipeline.blueprint.agents):
        assert f'hswarm_node_seconds_count{{agent="{agent}",node="{node}"}} 3.0' in text
    tokens = [line for line in text.splitlines() if line.startswith("hswarm_tokens_total")]
    assert sum(float(line.split()[-1]) for line in tokens) == 3 * usage["total_tokens"]


def test_readiness_ends_when_the_server_is_told_to_stop(pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            before = await client.get("/health/ready")
            served.app.state.phase.draining = True
            after = await client.get("/health/ready")
            return before, after, await client.get("/health/live")

    before, after, live = asyncio.run(main())
    assert (before.status_code, before.json()) == (200, {"status": "ok"})
    assert (after.status_code, after.json()) == (503, {"status": "draining"})
    assert live.status_code == 200


def test_connections_that_say_nothing_sensible_harm_nobody(pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            for said in (b"\x00\xff" * 100, b"GET\r\n\r\n", b"A" * 200_000, b"\r\n" * 50, b""):
                _, writer = await asyncio.open_connection("127.0.0.1", served.port)
                writer.write(said)
                writer.close()
            return await client.get("/health/live")

    assert asyncio.run(main()).status_code == 200
