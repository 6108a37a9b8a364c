"""Who gets past the door: the holder of the key, or without one, this machine alone."""

from __future__ import annotations

import base64
import binascii
import secrets
from ipaddress import ip_address
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hswarm.errors import HswarmError
from hswarm.serve.errors import TOO_LARGE, ApiError

OPEN: Final = frozenset({"/health/live", "/health/ready"})
"""What needs no key: what an orchestrator asks."""


class Guard:
    """Asks for the key on every path but `OPEN`; without a key, lets in what is asked of localhost.

    The key is a bearer token, or for browsers the password of any user. That without a key the host
    must be a local name keeps pages of other sites from reaching the server by a name of theirs.
    """

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._key = key.encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._key is None:
            if _is_loopback(_host(headers.get("host", ""))):
                await self._app(scope, receive, send)
                return
            refusal = ApiError(
                403, "forbidden_host", "Without a key this server answers to localhost alone."
            ).response()
        else:
            if secrets.compare_digest(_shown(headers.get("authorization", "")), self._key):
                await self._app(scope, receive, send)
                return
            refusal = ApiError(
                401, "invalid_api_key", "The key is missing or wrong; send it as a bearer token."
            ).response()
            refusal.headers["WWW-Authenticate"] = 'Basic realm="hswarm", charset="UTF-8"'
        await refusal(scope, receive, send)


class BodyLimit:
    """Refuses requests (413) with more than `most` bytes, before or while they are read."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body counted as it is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if stated.isdecimal() and int(stated[:20]) > self._most:
            await self._refusal().response()(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise HTTPException(413, str(self._refusal()))
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> ApiError:
        return ApiError(413, TOO_LARGE, f"A request has at most {self._most:,} bytes.")


def check_binding(host: str, key: str | None, variable: str) -> None:
    """Raise HswarmError for a server that others could reach without a key."""
    if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key and key):
        raise HswarmError(
            f"The key in {variable} cannot be sent in a header.",
            hint="Use letters, digits and punctuation: openssl rand -hex 32 makes a good one.",
        )
    if key is None and not _is_loopback(host):
        raise HswarmError(
            f"{host} can be reached by others, and there is no key.",
            hint=f"Put a key into the environment variable {variable}, or serve on 127.0.0.1.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(header: str) -> str:
    """Return the host of a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def _shown(authorization: str) -> bytes:
    """Return the key that an Authorization header shows, b"" if none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""
