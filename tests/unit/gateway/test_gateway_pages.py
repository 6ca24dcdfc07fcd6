"""What the form asks the gateway for, beside its jobs."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from held_out import HeldOut
from pipeline.dataset import clinical_holdout
from pipeline.table import built_in
from pipeline.table.schema import Category, Measured, Number, Schema, Target
from pipeline.web.server import WebServer
from plot_client import PLOT_SECONDS, PlotClient
from routes import error_handlers, models, pages
from schemas.live_metrics import AllMeans
from threads import Threads

DIABETES = built_in.default()
HOUSES = Schema(
    name="houses",
    task="classification",
    target=Target("sold", classes=["0", "1"]),
    columns=[
        Number("age", measured=Measured(mean=10, scale=2, unit="years", step=1)),
        Number("area", missing=True),
        Category("town", ["Bern"], missing=True),
    ],
)
HISTOGRAM = {"edges": [100.0, 110.0, 120.0], "counts": [3, 4], "rows": 8, "beyond": 1}
COMPARISON = {
    "rows": 812, "rows_needed": 100, "failed": 0,
    "candidate": {"model_id": "new"}, "live": {"model_id": "old"},
    "difference": {"mean": -1.9, "low": -3.0, "high": -0.8}, "verdict": "better",
}  # fmt: skip
COUNTED = {"classes": ["a", "b"], "counts": [3, 0], "rows": 3}


class Plot(HTTPServer):
    """Answers with one body each time, and counts."""

    body = json.dumps(HISTOGRAM).encode()
    asked = 0
    paths: tuple[str, ...] = ("/api/predictions", "/api/models")


class Answer(BaseHTTPRequestHandler):
    server: Plot

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200 if self.path in self.server.paths else 404)
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
def gateway(
    plot_url: str, schema: Schema = DIABETES, folder: Path = Path()
) -> Iterator[httpx.Client]:
    plot = PlotClient(plot_url)
    app = FastAPI(docs_url=None, lifespan=lambda _: plot.connected())
    settings = SimpleNamespace(live_page_url="http://live.example/", own_place="")
    app.state.gateway = SimpleNamespace(
        plot=plot, settings=settings, schema=schema, held_out=HeldOut(schema, folder),
        threads=Threads(),
    )  # fmt: skip
    for router in (pages.router, models.router):
        app.include_router(router)
    error_handlers.install(app, schema)
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


def test_of_classes_it_is_how_often_each_is_predicted(plot: Plot) -> None:
    plot.body = json.dumps(COUNTED).encode()
    with gateway(f"http://127.0.0.1:{plot.server_port}/", HOUSES) as client:
        assert client.get("/predictions").json() == COUNTED


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


@pytest.mark.parametrize("found", [None, COMPARISON])
def test_the_comparison_of_a_shadow_model_is_that_of_plot(plot: Plot, found: Any) -> None:
    told = found and found | {"bound": 200.0, "candidate": {"model_id": "new", "mae": 43.2}}
    plot.paths, plot.body = ("/api/summary",), json.dumps({"rows": 900, "shadow": told}).encode()
    with gateway(f"http://127.0.0.1:{plot.server_port}/") as client:
        assert client.get("/shadow").json() == {"comparison": found}


@pytest.mark.parametrize("body", [b"{}", b'{"shadow": {"verdict": "splendid"}}'])
def test_what_is_no_comparison_is_not_passed_on(plot: Plot, body: bytes) -> None:
    plot.paths, plot.body = ("/api/summary",), body
    with gateway(f"http://127.0.0.1:{plot.server_port}/") as client:
        answer = client.get("/shadow")
    assert (answer.status_code, answer.json()["detail"]) == (503, "plot does not answer")


def test_without_plot_it_is_said_who_does_not_answer() -> None:
    with gateway("http://127.0.0.1:1") as client:
        answer = client.get("/predictions")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "plot does not answer"


def models_of(plot_url: str, times: int = 1) -> list[AllMeans]:
    async def ask() -> list[AllMeans]:
        plot = PlotClient(plot_url)
        async with plot.connected():
            return [await plot.models() for _ in range(times)]

    with ThreadPoolExecutor(1) as other:  # a browser's loop may run in this one
        return other.submit(asyncio.run, ask()).result()


MEANS = {"rows": 2, "failed": 0, "mae": 4.0, "rmse": None, "last_in_ms": 1_790_000_000_000}


def test_the_errors_of_models_are_asked_for_once_in_a_moment(plot: Plot) -> None:
    plot.body = json.dumps({"live": {"a": MEANS, "": MEANS}, "shadow": {}}).encode()
    begin = time.monotonic()
    found = models_of(f"http://127.0.0.1:{plot.server_port}", times=20)
    assert plot.asked <= 1 + time.monotonic() - begin
    assert found == [found[0]] * 20
    (live, unnamed), shadow = found[0].live.values(), found[0].shadow
    assert live == unnamed
    assert (live.rows, live.mae, live.rmse, live.accuracy, shadow) == (2, 4, None, None, {})
    assert live.last_at.isoformat() == "2026-09-21T14:13:20+00:00"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"live": {"a": {}}}', b'{"live": {"a": {"rows": -1}}}', b'{"live": 1}']
)
def test_what_is_no_table_of_errors_counts_as_none(plot: Plot, body: bytes) -> None:
    plot.body = body
    assert models_of(f"http://127.0.0.1:{plot.server_port}") == [AllMeans()]


def test_a_plot_that_hangs_is_waited_for_once_and_not_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        found = models_of(f"http://127.0.0.1:{silent.getsockname()[1]}", times=20)
        assert time.monotonic() - begin < 10 * PLOT_SECONDS, "all of them would take twice that"
    assert found == [AllMeans()] * 20


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """The folder of a data set, houses, with a number that is measured and values that miss."""
    folder = tmp_path / "houses"
    folder.mkdir()
    (folder / "schema.json").write_bytes(HOUSES.to_json())
    rows = [f"{age},,{town},{age % 2}" for age in range(40) for town in ("Bern", "")]
    (folder / "rows.csv").write_text("age,area,town,sold\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_the_schema_is_what_the_services_read() -> None:
    for schema in (DIABETES, HOUSES):
        with gateway("http://127.0.0.1:1", schema) as client:
            answer = client.get("/schema")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.content.strip() == msgspec.json.encode(schema)
        assert msgspec.json.decode(answer.content, type=Schema) == schema


def test_a_random_row_is_one_that_no_model_was_trained_on() -> None:
    measured = clinical_holdout()
    rows = [*map(tuple, measured.features.tolist())]
    with gateway("http://127.0.0.1:1") as client:
        for _ in range(10):
            row = client.get("/rows/random").json()
            assert list(row["values"]) == DIABETES.names
            assert row["label"] == measured.labels[rows.index(tuple(row["values"].values()))]


def test_a_random_row_has_classes_and_nulls_for_what_is_missing(houses: Path) -> None:
    with gateway("http://127.0.0.1:1", HOUSES, houses) as client:
        found = [client.get("/rows/random").json() for _ in range(30)]
    for row in found:
        assert row["values"]["area"] is None
        assert row["values"]["town"] in {"Bern", None}
        assert row["label"] in {"0", "1"}
        # In the file it is scaled, as it is in messages.
        assert (row["values"]["age"] - 10) / 2 % 2 == int(row["label"])


def test_many_who_wait_for_the_rows_leave_threads_to_others() -> None:
    is_read, begun = threading.Event(), threading.Semaphore(0)

    class Slow(HeldOut):
        def rows(self) -> Any:
            begun.release()
            is_read.wait(5)
            return [], []

    async def asked() -> str:
        threads, held_out = Threads(), Slow(DIABETES, Path("none"))
        waiting = [asyncio.create_task(held_out.rows_in(threads)) for _ in range(50)]
        await threads.run(lambda: begun.acquire(timeout=5))
        other = await threads.run(lambda: "served", 2)
        is_read.set()
        assert await asyncio.gather(*waiting) == [([], [])] * 50
        threads.close()
        return other

    assert asyncio.run(asked()) == "served"


def test_rows_that_cannot_be_read_are_told(houses: Path) -> None:
    (houses / "houses" / "rows.csv").write_text("age,area,town,sold\nold,,Bern,1\n")
    with gateway("http://127.0.0.1:1", HOUSES, houses) as client:
        answer = client.get("/rows/random")
    assert answer.status_code == 500
    assert "'old' is no number" in answer.json()["detail"]
    with gateway("http://127.0.0.1:1", HOUSES, houses / "nowhere") as client:
        answer = client.get("/rows/random")
    assert answer.status_code == 500
    assert "there is no data set 'houses'" in answer.json()["detail"]


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
