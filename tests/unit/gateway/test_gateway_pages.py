"""What the form asks the gateway for, beside its jobs."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from pipeline.dataset import holdout
from pipeline.web.server import WebServer
from plot_client import PlotClient
from routes import error_handlers, pages
from schemas.columns import COLUMNS

HISTOGRAM = {"edges": [100.0, 110.0, 120.0], "counts": [3, 4], "rows": 8, "beyond": 1}


class Plot(HTTPServer):
    """Answers with one body each time, and counts."""

    body = json.dumps(HISTOGRAM).encode()
    asked = 0


class Answer(BaseHTTPRequestHandler):
    server: Plot

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200 if self.path == "/api/predictions" else 404)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def plot() -> Iterator[Plot]:
    server = Plot(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def gateway(plot_url: str) -> Iterator[httpx.Client]:
    plot = PlotClient(plot_url)
    app = FastAPI(docs_url=None, lifespan=lambda _: plot.connected())
    settings = SimpleNamespace(live_page_url="http://live.example/", own_place="")
    app.state.gateway = SimpleNamespace(plot=plot, settings=settings)
    app.include_router(pages.router)
    error_handlers.install(app)
    at = ("127.0.0.1", 0)
    server = WebServer(app, "gateway", "GATEWAY", at, max_connections=50, let_go=lambda: None)
    with server, httpx.Client(base_url=server.address, trust_env=False) as client:
        yield client


def test_the_histogram_is_that_of_plot_and_asked_for_once_in_a_moment(plot: Plot) -> None:
    with gateway(f"http://127.0.0.1:{plot.server_port}/") as client:
        begin = time.monotonic()
        for _ in range(20):
            assert client.get("/predictions").json() == HISTOGRAM
        seconds = time.monotonic() - begin
    assert plot.asked <= 1 + seconds


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_plot_is_asked_straight_whatever_proxy_there_is(
    plot: Plot, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with gateway(f"http://127.0.0.1:{plot.server_port}/") as client:
        assert client.get("/predictions").json() == HISTOGRAM


@pytest.mark.parametrize("body", [b"", b"[]", b'{"edges": [NaN], "counts": [], "rows": 0}'])
def test_what_is_no_histogram_is_not_passed_on(plot: Plot, body: bytes) -> None:
    plot.body = body
    with gateway(f"http://127.0.0.1:{plot.server_port}") as client:
        assert client.get("/predictions").status_code == 503


def test_without_plot_it_is_said_who_does_not_answer() -> None:
    with gateway("http://127.0.0.1:1") as client:
        answer = client.get("/predictions")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "plot does not answer"


def test_a_random_patient_is_one_that_the_model_has_not_seen() -> None:
    with gateway("http://127.0.0.1:1") as client:
        patient = client.get("/patients/random").json()
        columns = client.get("/columns").json()
    assert list(patient["values"]) == [column["name"] for column in columns]
    assert patient["label"] in holdout().labels
    for column in COLUMNS:
        assert column.least <= patient["values"][column.name] <= column.most


def test_pages_and_what_they_are_made_of_are_served() -> None:
    with gateway("http://127.0.0.1:1") as client:
        for path in ("/", "/docs"):
            page = client.get(path)
            assert page.headers["content-type"].startswith("text/html")
            assert "script-src 'self';" in page.headers["content-security-policy"]
            assert "<script>" not in page.text
        for name in ("form.js", "look.css", "plotly.min.js", "swagger-ui-bundle.js"):
            assert client.get(f"/static/{name}").status_code == 200
        assert client.get("/links").json() == {"live_page": "http://live.example/"}
