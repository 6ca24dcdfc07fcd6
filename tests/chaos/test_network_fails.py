"""Connections that hang, are slow, or end in the middle of a frame."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from random import Random
from urllib.parse import urlsplit

import pytest

from chaos.proxy import Proxy
from chaos.report import Report
from chaos.streams import Stream, Tries, moments
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)

LATENCY_SECONDS = 0.2


@pytest.fixture
def proxies(stream: Stream) -> Iterator[dict[str, Proxy]]:
    """One for each service, between it and the broker."""
    url = urlsplit(stream.vhost.amqp_url)
    assert url.hostname and url.port  # noqa: PT018
    with ExitStack() as stack:
        proxies = {}
        for name in ("features", "model", "metric"):
            proxy = proxies[name] = stack.enter_context(Proxy(url.hostname, url.port))
            through = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{proxy.port}")
            stream.settings[name]["amqp_url"] = through.geturl()
        yield proxies


def strikes(fault: Callable[[], int]) -> None:
    """A service that still comes back from the fault before has no connection for a moment."""
    eventually(lambda: fault() > 0, "a connection to strike")


def test_a_connection_hangs(
    stream: Stream, proxies: dict[str, Proxy], report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("connections that hang without closing")
    stream.open(rate=200)
    for _ in moments(dice, tries(20)):
        stream.strike(line, partial(strikes, proxies[dice.choice(list(proxies))].hang))
    stream.finish(line)


def test_a_connection_is_cut_in_the_middle_of_a_frame(
    stream: Stream, proxies: dict[str, Proxy], report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("connections cut in the middle of a frame")
    stream.open()
    for _ in moments(dice, tries(20)):
        stream.strike(line, partial(strikes, proxies[dice.choice(list(proxies))].cut))
    stream.finish(line)


def test_the_network_is_slow(
    stream: Stream, proxies: dict[str, Proxy], report: Report, dice: Random, tries: Tries
) -> None:
    line = report.line("200 ms of latency for a while")
    stream.open()

    def be_slow() -> None:
        service = dice.choice(list(proxies))
        proxies[service].delay_seconds = LATENCY_SECONDS
        time.sleep(dice.uniform(1, 3))
        proxies[service].delay_seconds = 0

    for _ in moments(dice, tries(20)):
        stream.strike(line, be_slow)
    stream.finish(line)
