"""Who gets past the door."""

import asyncio
import base64

import pytest
from starlette.routing import Route

from hswarm.errors import HswarmError
from hswarm.serve.guard import OPEN, check_binding

KEY = "k3y-of-the-test"
PROBES = ("/health/live", "/health/ready")


def basic(password):
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def routes(app):
    """Every method on every path that the app has."""
    for route in app.routes:
        assert isinstance(route, Route)
        for method in route.methods:
            yield method, route.path


def test_with_a_key_every_route_but_the_probes_needs_it(pipeline, serving):
    async def main():
        async with serving(pipeline, KEY) as served, served.http() as client:
            walked = list(routes(served.app))
            for method, path in walked:
                status = (await client.request(method, path)).status_code
                assert (status == 401) == (path not in PROBES), (method, path, status)
            return {path for _, path in walked}

    paths = asyncio.run(main())
    assert set(PROBES) == OPEN
    assert paths == {
        "/", "/v1/graph", "/v1/models", "/v1/chat/completions", "/metrics", "/openapi.json",
        *PROBES,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {KEY}", 200), (f"bearer  {KEY}", 200), (basic(KEY), 200),
        (None, 401), ("", 401), ("Bearer", 401), (f"Bearer {KEY}x", 401),
        (f"Bearer {KEY[:-1]}", 401), (KEY, 401), (basic("x"), 401), ("Basic ???", 401),
        (f"Digest {KEY}", 401), ("Basic " + base64.b64encode(KEY.encode()).decode(), 401),
    ],
)  # fmt: skip
def test_the_key_is_a_token_or_a_password(header, status, pipeline, serving):
    async def main():
        headers = {} if header is None else {"Authorization": header}
        async with serving(pipeline, KEY) as served, served.http() as client:
            return await client.get("/v1/models", headers=headers)

    response = asyncio.run(main())
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Basic ")
        assert response.json()["error"]["code"] == "invalid_api_key"
        assert KEY not in response.text


def test_paths_that_look_like_a_probe_need_the_key_too(pipeline, serving):
    async def main():
        async with serving(pipeline, KEY) as served, served.http() as client:
            paths = (
                "/health/live/",
                "//health/live",
                "/health/live/../../metrics",
                "/health/live%2f",
            )
            return [(await client.get(path)).status_code for path in paths]

    assert set(asyncio.run(main())) <= {401, 404}


def test_without_a_key_only_localhost_is_answered(pipeline, serving):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            hosts = (
                "localhost",
                f"127.0.0.1:{served.port}",
                "[::1]:80",
                "127.1.2.3",
                "evil.example",
                "localhost.evil.example",
                "10.0.0.1",
                "127.0.0.1.evil.example",
            )
            return [
                (await client.get("/v1/models", headers={"Host": host})).status_code
                for host in hosts
            ]  # fmt: skip

    assert asyncio.run(main()) == [200] * 4 + [403] * 4


def test_no_other_origin_is_let_in(pipeline, serving, ask):
    async def main():
        async with serving(pipeline) as served, served.http() as client:
            origin = {"Origin": "https://evil.example"}
            asked = {**origin, "Access-Control-Request-Method": "POST"}
            preflight = await client.options("/v1/chat/completions", headers=asked)
            simple = await client.post(
                "/v1/chat/completions",
                content=str(ask()).replace("'", '"'),
                headers={**origin, "Content-Type": "text/plain"},
            )
            return preflight, simple

    preflight, simple = asyncio.run(main())
    assert preflight.status_code == 405
    assert simple.status_code == 400  # a page elsewhere can send nothing but plain text unasked
    for response in (preflight, simple):
        assert not any(name.startswith("access-control") for name in response.headers)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_on_this_machine_no_key_is_needed(host):
    check_binding(host, None, "K")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_where_others_can_reach_it_a_key_is_needed(host):
    with pytest.raises(HswarmError, match="there is no key") as caught:
        check_binding(host, None, "MY_KEY")
    assert "MY_KEY" in caught.value.hint
    check_binding(host, KEY, "MY_KEY")


@pytest.mark.parametrize("key", ["", " a", "a\n", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused(key):
    with pytest.raises(HswarmError, match="MY_KEY cannot be sent"):
        check_binding("127.0.0.1", key, "MY_KEY")


def test_large_bodies_are_refused_whether_they_say_so_or_not(pipeline, serving, ask):
    async def pieces():
        for _ in range(50):
            yield b"x" * 100

    async def main():
        async with serving(pipeline, body=2000) as served, served.http() as client:
            path = "/v1/chat/completions"
            headers = {"Content-Type": "application/json"}
            stated = await client.post(path, json=ask("x" * 3000))
            unstated = await client.post(path, content=pieces(), headers=headers)
            fine = await client.post(path, json=ask())
            return stated, unstated, fine

    stated, unstated, fine = asyncio.run(main())
    assert fine.status_code == 200
    for response in (stated, unstated):
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "body_too_large"
