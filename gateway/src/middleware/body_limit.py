"""Limits on the size of a request, and on the time that it takes to arrive."""

import asyncio
from functools import partial

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.protocol_errors import is_of_protocol
from pipeline.message_reader import count_values

BODY_SECONDS = 10.0


class _TooLargeError(Exception):
    """A body has too many bytes, or values; the text says what it may have."""


class _GoneError(Exception):
    """A client has gone in the middle of its body: the part that came may look like all of it."""


class BodyLimit:
    """Middleware: takes a body whole, or not at all.

    Its values are counted before it is parsed, as empty lists take twenty times their bytes. Those
    of the inference protocol are counted by its reader, as they may be compressed, or no JSON.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_values: int) -> None:
        self._app = app
        self._body = partial(_body, max_bytes=max_bytes, max_values=max_values)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(scope, receive)
        except _GoneError:
            return
        except _TooLargeError as error:
            await JSONResponse({"detail": str(error)}, 413)(scope, receive, send)
        except TimeoutError:
            text = f"the body did not arrive within {BODY_SECONDS:g} s"
            await JSONResponse({"detail": text}, 408)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)


async def _body(scope: Scope, receive: Receive, max_bytes: int, max_values: int) -> bytes:
    too_large = _TooLargeError(f"a body has at most {max_bytes:,} bytes")
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > max_bytes:
            raise too_large
    whole = bytes(body)
    if is_of_protocol(scope["path"]):
        return whole
    if (count := count_values(whole, max_values)) > max_values:
        raise _TooLargeError(f"a body has at most {max_values:,} values, not {count:,}")
    return whole


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that returns the body at once, then whatever comes after it."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return parts.pop() if parts else await receive()

    return again
