"""Limits on the size of a request, and on the time that it takes to arrive."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS = 10.0


class _TooLargeError(Exception):
    pass


class _GoneError(Exception):
    """A client has gone in the middle of its body: the part that came may look like all of it."""


class BodyLimit:
    """Middleware: takes a body whole, or not at all."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(scope, receive, self._max_bytes)
        except _GoneError:
            return
        except _TooLargeError:
            text = f"a body has at most {self._max_bytes:,} bytes"
            await JSONResponse({"detail": text}, 413)(scope, receive, send)
        except TimeoutError:
            text = f"the body did not arrive within {BODY_SECONDS:g} s"
            await JSONResponse({"detail": text}, 408)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)


async def _body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _TooLargeError
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > max_bytes:
            raise _TooLargeError
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that returns the body at once, then whatever comes after it."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return parts.pop() if parts else await receive()

    return again
