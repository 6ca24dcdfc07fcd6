"""Answers that a page of another origin gets from a gateway, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.messages import new_id
from redis_server import PrivateRedis
from support.gateway_client import SCALED, Gateway
from support.service import Service
from support.waiting import PATIENCE_SECONDS, eventually

ASK = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return [answer.status, await answer.text(), answer.headers.get('Location')];
  } catch (error) {
    return [error.name, '', null];
  }
}"""
FIRST_EVENT = """(url) => new Promise((resolve, reject) => {
  const source = new EventSource(url);
  source.addEventListener('job', ({data}) => {source.close(); resolve(JSON.parse(data).status)});
  source.addEventListener('error', () => {source.close(); reject(new Error('refused'))});
})"""
FORM = "<form method=post action=%s><button>post</button></form>"


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    """Where a web server has an empty page: that of another origin, by each name of the machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def gateway(
    start: Callable[..., Service], redis_server: PrivateRedis, port: int
) -> Iterator[Gateway]:
    settings: dict[str, Any] = {"redis_url": redis_server.url, "gateway_port": 0}
    gateway = Gateway(start("gateway", **settings, cors_origins=f"http://127.0.0.1:{port}"))
    gateway.wait_until_well()
    yield gateway
    gateway.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    window = browser.new_page()
    window.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield window
    window.close()


def test_a_page_that_is_named_can_do_what_the_form_does_and_no_other_can(
    window: Page, gateway: Gateway, port: int
) -> None:
    window.goto(f"http://127.0.0.1:{port}/")
    job_id = new_id()
    asked = {
        "method": "POST",
        "headers": {"Content-Type": "application/json", "Idempotency-Key": job_id},
        "body": f'{{"data": {SCALED}, "id": "{job_id}"}}',
    }
    predict = [f"{gateway.address}predict", asked]
    status, _, location = window.evaluate(ASK, predict)
    assert (status, location) == (202, f"/job/{job_id}")
    events = f"{gateway.address}job/{job_id}/events"
    assert window.evaluate(FIRST_EVENT, events) in {"pending", "processing"}
    rollback = f"{gateway.address}rollback"
    status, text, _ = window.evaluate(ASK, [rollback, {"method": "POST"}])
    assert (status, "detail" in text) == (409, True)

    window.goto(f"http://localhost:{port}/")
    posts = [[rollback, {"method": "POST"}], [rollback, {"method": "POST", "mode": "no-cors"}]]
    for each in (predict, [f"{gateway.address}models", {}], *posts):
        assert window.evaluate(ASK, each)[0] == "TypeError", "the browser tells it nothing"
    refused = 'gateway_request_seconds_count{method="POST",route="none",status="403"}'
    eventually(lambda: gateway.count(refused) == 2, "two POSTs that were refused")
    window.set_content(FORM % rollback)
    window.click("button")
    expect(window.locator("body")).to_contain_text("CORS_ORIGINS")
