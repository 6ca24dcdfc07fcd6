"""Errors below /v2 are `{"error": "a sentence"}`, wherever they come from; others are not."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from middleware.protocol_errors import ProtocolErrors, failed


async def broken(_: Request) -> Response:
    raise ZeroDivisionError


async def busy(_: Request) -> Response:
    return JSONResponse({"detail": "wait"}, 503, {"Retry-After": "1"})


async def in_parts(_: Request) -> Response:
    return StreamingResponse(iter((b"not ", b"here")), 404, media_type="text/plain")


async def well(_: Request) -> Response:
    return Response(b"\x00\x01", media_type="application/octet-stream")


@pytest.fixture
def client() -> TestClient:
    calls = {"broken": broken, "busy": busy, "parts": in_parts, "well": well}
    routes = [Route(f"{root}/{name}", call) for root in ("/v2", "/own")
              for name, call in calls.items()]  # fmt: skip
    app = Starlette(routes=routes, exception_handlers={Exception: failed})
    app.add_middleware(ProtocolErrors)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v2/broken", 500, "Internal Server Error"),
        ("/v2/busy", 503, "wait"),
        ("/v2/parts", 404, "not here"),
        ("/v2/nothing", 404, "Not Found"),
    ],
)
def test_an_error_has_the_protocols_form(
    client: TestClient, path: str, status: int, text: str
) -> None:
    answer: Any = client.get(path)
    assert (answer.status_code, answer.json()) == (status, {"error": text})
    assert answer.headers["Content-Type"] == "application/json"


def test_headers_and_all_else_stay(client: TestClient) -> None:
    assert client.get("/v2/busy").headers["Retry-After"] == "1"
    assert client.post("/v2/busy").headers["Allow"] == "GET, HEAD"
    assert client.get("/v2/well").content == b"\x00\x01"
    assert client.get("/own/busy").json() == {"detail": "wait"}
    assert client.get("/own/broken").text == "Internal Server Error"
