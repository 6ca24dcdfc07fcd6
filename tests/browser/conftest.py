"""A real browser, and a page in it that has nothing to complain of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from browser.chromium import launch
from browser.forms import Stack, answer, running
from ledger import Ledger
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.live_page import NOTHING_THERE
from support.pages import page_address
from support.service import Service
from support.waiting import PATIENCE_SECONDS

Start = Callable[..., Service]
Open = Callable[..., Page]
Visit = Callable[..., Page]

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def plot(start: Start, ledger: Ledger) -> Service:  # noqa: ARG001 (metric was there first)
    return start("plot", plot_interval=0.2, management_url=NOTHING_THERE)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser has to complain of: at the end of a test there must be nothing left."""
    return []


SHOWN = "#status:is([data-state=live], [data-state=no-broker])"
MAX_TRIES = 20
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"  # of the machine's, as when a container is started


def hear(page: Page, complaints: list[str]) -> None:
    """Adds to the complaints whatever goes wrong in a page from now on."""

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # by the page itself, or as it was left
            complaints.append(f"failed: {request.url} {request.failure}")

    def answered(answer: Response) -> None:
        if not answer.ok and answer.status != 304:
            complaints.append(f"{answer.status}: {answer.url}")

    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.on("console", lambda message: complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)


def go(page: Page, address: str, complaints: list[str]) -> None:
    """Opens an address, again where Chromium lost a part of the page to a change of the network."""
    for _ in range(MAX_TRIES):
        before = len(complaints)
        with suppress_network_changes():
            page.goto(address)
            if not any(NETWORK_CHANGED in text for text in complaints[before:]):
                return
    raise AssertionError(f"the network changed {MAX_TRIES} times while {address} was opened")


@contextmanager
def suppress_network_changes() -> Iterator[None]:
    try:
        yield
    except PlaywrightError as error:
        if NETWORK_CHANGED not in error.message:
            raise


@pytest.fixture
def visit(browser: Browser, complaints: list[str]) -> Iterator[Visit]:
    """Opens an address in a window of its own."""
    contexts: list[BrowserContext] = []

    def open_window(address: str, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        hear(page, complaints)
        go(page, address, complaints)
        return page

    yield open_window
    found = [text for text in complaints if NETWORK_CHANGED not in text]
    for context in contexts:
        context.close()
    assert found == []


@pytest.fixture
def show(start: Start, visit: Visit) -> Open:  # noqa: ARG001 (a page complains of a server gone)
    """Opens the page of a plot, and waits until it shows something."""

    def open_page(plot: Service, path: str = "", **options: Any) -> Page:
        page = visit(page_address(plot) + path, **options)
        page.wait_for_selector(SHOWN)
        return page

    return open_page


@pytest.fixture(scope="session")
def stack(
    rabbitmq: PrivateRabbitMQ,
    redis_server: PrivateRedis,
    model_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Started once for all tests of the form: each of them sends jobs of its own."""
    folder = tmp_path_factory.mktemp("form")
    with running(rabbitmq, redis_server, model_path, folder) as stack:
        yield stack


@pytest.fixture
def form_at(visit: Open, complaints: list[str]) -> Open:
    """Opens the form of a gateway, and waits until it can be filled.

    Without its chart, unless a test looks at it: to read Plotly takes a second each time.
    `instead` has answers that are given instead of the gateway's, by path.
    """

    def open_form(
        address: str, width: int = 1280, chart: bool = False, instead: dict[str, Any] | None = None
    ) -> Page:
        page = visit("about:blank", viewport={"width": width, "height": 844})
        if not chart:
            page.route("**/plotly.min.js", lambda route: route.fulfill(body=""))
        for path, content in (instead or {}).items():
            answer(page, path, content)
        go(page, address, complaints)
        page.wait_for_selector("#fields .field")
        return page

    return open_form


@pytest.fixture
def form(stack: Stack, form_at: Open) -> Open:
    """Opens the form of the default data set."""
    return partial(form_at, stack.gateway)
