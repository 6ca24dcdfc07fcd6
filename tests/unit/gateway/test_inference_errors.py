"""Errors below /v2 are `{"error": "a sentence"}`, wherever they come from; others are not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from middleware.protocol_errors import ProtocolErrors, failed


async def broken(_: Request) -> Response:
    raise ZeroDivisionError


async def busy(_: Request) -> Response:
    return JSONResponse({"detail": "wait"}, 503, {"Retry-After": "1"})


async def in_parts(_: Request) -> Response:
    return StreamingResponse(iter((b"not ", b"here")), 404, media_type="text/plain")


async def well(_: Request) -> Response:
    return Response(b"\x00\x01", media_type="application/octet-stream")


CALLS = {"broken": broken, "busy": busy, "parts": in_parts, "well": well}
APP = Starlette(
    routes=[Route(f"{root}/{name}", call) for root in ("/v2", "/own")
            for name, call in CALLS.items()],
    exception_handlers={Exception: failed},
)  # fmt: skip
APP.add_middleware(ProtocolErrors)


def ask(path: str, method: str = "GET") -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.request(method, path)

    # In a thread: a test in a browser may have left its event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, call()).result()


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v2/broken", 500, "Internal Server Error"),
        ("/v2/busy", 503, "wait"),
        ("/v2/parts", 404, "not here"),
        ("/v2/nothing", 404, "Not Found"),
    ],
)
def test_an_error_has_the_protocols_form(path: str, status: int, text: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer.json()) == (status, {"error": text})
    assert answer.headers["Content-Type"] == "application/json"


def test_headers_and_all_else_stay() -> None:
    assert ask("/v2/busy").headers["Retry-After"] == "1"
    assert {*ask("/v2/busy", "POST").headers["Allow"].split(", ")} == {"GET", "HEAD"}
    assert ask("/v2/well").content == b"\x00\x01"
    assert ask("/own/busy").json() == {"detail": "wait"}
    assert ask("/own/broken").text == "Internal Server Error"
