"""Whatever is sent, the server says what is wrong with it, and lives.

`HSWARM_FUZZ=10000 python -m pytest tests/serve/test_fuzz.py` sends as many.
"""

import json
import os
import socket

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hswarm.serve.chat import ChatRequest

EXAMPLES = int(os.environ.get("HSWARM_FUZZ", "100"))
PATH = "/v1/chat/completions"

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["", " ", "\x00", "\ud800", "{{", "<|user|>", "<|end|>", "\u202e", "a" * 5000,
     "../../etc/passwd", "http://127.0.0.1:1/", "friends", "adapters/friends", "my-pipeline",
     "What is Ada's pet?"]
)  # fmt: skip
NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 2**63, 10**400, 1e308, -0.0, float("nan"), float("inf")])
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system", "tool", "root"]) | JSONS,
            "content": TEXTS
            | st.lists(st.fixed_dictionaries({"type": st.just("text") | TEXTS, "text": TEXTS}))
            | JSONS,
        },
        optional={"name": JSONS, "tool_calls": JSONS},
    ),
    max_size=4,
)
ASKED = st.just([{"role": "user", "content": "What is Ada's pet?"}])
LIKELY = {
    "stream": st.booleans(),
    "stream_options": st.fixed_dictionaries({"include_usage": st.booleans()}),
    "max_tokens": st.integers(1, 10**9),
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "seed": st.integers(-(2**63), 2**63 - 1),
    "stop": st.text(min_size=1) | st.lists(st.text(min_size=1, max_size=3), max_size=4),
    "context_chunks": st.lists(TEXTS, max_size=5),
    "node_events": st.booleans(),
}
OTHERS = set(ChatRequest.model_fields) - {"model", "messages"} | {"unheard_of"}
BODIES = st.fixed_dictionaries(
    {"model": st.just("my-pipeline") | SCALARS, "messages": ASKED | MESSAGES | JSONS},
    optional={name: LIKELY.get(name, JSONS) | JSONS for name in sorted(OTHERS)},
)
RAW = st.binary(max_size=200) | JSONS.map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Accept", "Content-Encoding", "Authorization", "Expect"]),
    st.sampled_from(["application/json", "text/plain", "gzip", "Basic ???", "100-continue", "*/*"]),
)


@pytest.fixture(scope="module")
def url(pipeline, serving_aside):
    with serving_aside(pipeline) as (address, _):
        yield address


@pytest.fixture(scope="module")
def client(url):
    with httpx2.Client(base_url=url, timeout=60) as opened:
        yield opened


fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(response):
    assert response.status_code in {200, 400, 404, 405, 413}, response.text
    if response.status_code == 200:
        return
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert "Traceback" not in response.text


@fuzz
@given(body=BODIES)
def test_any_json_is_answered_or_refused(body, client):
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    check(client.post(PATH, content=content, headers={"Content-Type": "application/json"}))


@fuzz
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"]),
    path=st.sampled_from(
        ["/", PATH, "/v1/models", "/metrics", "/v1/", "/..%2f", "/%00", "/a" * 99]
    ),
    content=RAW,
    headers=HEADERS,
)
def test_any_request_is_answered_or_refused(method, path, content, headers, client):
    response = client.request(method, path, content=content, headers=headers)
    if method == "HEAD" or response.status_code == 200:
        assert response.status_code < 500
    else:
        check(response)


@fuzz
@given(
    said=st.binary(max_size=300)
    | st.lists(
        st.sampled_from(
            [b"POST ", b"/v1/chat/completions ", b"HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n",
             b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n",
             b"Content-Type: application/json\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"{}", b"\x00"]
        ),
        max_size=12,
    ).map(b"".join)
)  # fmt: skip
def test_any_bytes_leave_the_server_alive(said, url, client):
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
    status = reply.split(b" ", 2)[1:2]
    assert status == [] or int(status[0]) < 500
    assert client.get("/health/live").status_code == 200
