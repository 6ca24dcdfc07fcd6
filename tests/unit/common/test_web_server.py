"""Serving HTTP beside a service: what a person reads of it."""

import logging
import socket
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pipeline.web import connections
from pipeline.web.server import WebServer

LARGE = 6 * 2**20


async def plain(_: Request) -> Response:
    return PlainTextResponse("x")


async def problem(_: Request) -> Response:
    return JSONResponse({"detail": "no"}, 409, media_type="application/problem+json")


async def large(_: Request) -> Response:
    return PlainTextResponse(bytes(LARGE))


async def in_parts(_: Request) -> Response:
    return StreamingResponse(iter(["[1", "]"]), media_type="application/json")


def server(host: str, shown_url: str = "") -> WebServer:
    routes = [Route(f"/{each.__name__}", each) for each in (plain, problem, large, in_parts)]
    return WebServer(
        Starlette(routes=routes), "page", "PLOT", (host, 0), max_connections=5,
        let_go=lambda: None, shown_url=shown_url,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "shown_url", "said"),
    [
        ("127.0.0.1", "", "page at http://127.0.0.1:"),
        ("0.0.0.0", "", "page at http://localhost:"),
        ("0.0.0.0", "http://localhost:8081/", "page at http://localhost:8081/"),
    ],
)
def test_the_log_tells_an_address_that_can_be_opened(
    host: str, shown_url: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), server(host, shown_url):
        pass
    assert said in caplog.text


def test_an_answer_in_json_ends_its_line() -> None:
    with server("127.0.0.1") as running, httpx.Client(base_url=running.address) as client:
        found = {path: client.get(path).text for path in ("plain", "problem", "in_parts")}
        assert client.head("problem").status_code == 409
    assert found == {"plain": "x", "problem": '{"detail":"no"}\n', "in_parts": "[1]\n"}


def test_who_reads_slowly_gets_all_and_who_asks_for_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.5)
    with server("127.0.0.1") as running:
        port = httpx.URL(running.address).port
        assert port is not None
        with socket.socket() as slow, socket.create_connection(("127.0.0.1", port), 30) as silent:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)  # 64 KB a read, at most
            slow.settimeout(30)
            slow.connect(("127.0.0.1", port))
            slow.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read = 0
            while read < LARGE and (part := slow.recv(2**16)):
                read += len(part)
                time.sleep(0.04)  # at most 0.8 MB in the time that a request may take
            assert read >= LARGE
            assert silent.recv(1) == b""
