"""The errors below /v2, in the form of the Open Inference Protocol."""

import json
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.error_text import sentence

ROOT = "/v2"


def is_of_protocol(path: str) -> bool:
    """Returns True if a path is one of the protocol.

    >>> is_of_protocol("/v2"), is_of_protocol("/v2/health/live"), is_of_protocol("/v20")
    (True, True, False)
    """
    return path == ROOT or path.startswith(f"{ROOT}/")


class ProtocolErrors:
    """Middleware: answers of 400 and more below /v2 become `{"error": "a sentence"}`.

    It stands before all others, so that theirs do, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_of_protocol(scope["path"]):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        content = b""

        async def rewritten(message: Message) -> None:
            nonlocal start, content
            if message["type"] == "http.response.start" and message["status"] >= 400:
                start = message
            elif start is None:
                await send(message)
            else:
                content += message.get("body", b"")
                if not message.get("more_body"):
                    await _answer(start, content)(scope, receive, send)

        await self._app(scope, receive, rewritten)


def _answer(start: Message, content: bytes) -> Response:
    try:
        told: Any = json.loads(content)
    except ValueError:  # a text, as of Starlette itself
        told = content.decode(errors="replace")
    detail = told.get("detail", told) if isinstance(told, dict) else told
    answer = JSONResponse({"error": sentence(detail)}, start["status"])
    for name, value in MutableHeaders(raw=start["headers"]).items():
        if name not in {"content-type", "content-length"}:
            answer.headers.append(name, value)
    return answer


async def failed(request: Request, _: Exception) -> Response:
    """Answers a request whose handler failed; this is told outside of all middleware."""
    text = "Internal Server Error"
    if is_of_protocol(request.url.path):
        return JSONResponse({"error": text}, 500)
    return PlainTextResponse(text, 500)
