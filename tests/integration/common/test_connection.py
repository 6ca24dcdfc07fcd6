"""No broker, a silent one, a wrong password, a dead thread."""

import logging
import socket
from typing import Any

import pytest

from pipeline.errors import ThreadError
from pipeline.settings import BrokerSettings
from support.broker_client import opened
from support.vhost import Vhost
from support.waiting import eventually


def test_without_a_broker_it_keeps_trying_and_says_when(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = BrokerSettings(amqp_url="amqp://guest:guest@127.0.0.1:1/%2F")
    with caplog.at_level(logging.WARNING), opened(settings) as (_, run):
        eventually(lambda: len(caplog.messages) >= 2, "two tries")
        run.stop.set()
    assert all("127.0.0.1:1" in line and "next try in" in line for line in caplog.messages)
    assert "refused" in caplog.messages[0]


def test_a_broker_that_stays_silent_is_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.broker.nodes.HANDSHAKE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url: Any = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/%2F"
        with caplog.at_level(logging.WARNING), opened(BrokerSettings(amqp_url=url)) as (_, run):
            eventually(lambda: len(caplog.messages) >= 2, "two tries")
            run.check()
            run.stop.set()
    assert "next try in" in caplog.messages[-1]


def test_a_thread_that_dies_ends_the_service(broker_settings: BrokerSettings) -> None:
    def consume() -> None:
        with opened(broker_settings) as (broker, run):
            for _ in broker.consume("y_true", idle_seconds=0.1):
                run.failure = MemoryError("gone")

    with pytest.raises(ThreadError, match="gone"):
        consume()


def test_a_wrong_password_is_said_so(vhost: Vhost, caplog: pytest.LogCaptureFixture) -> None:
    settings = BrokerSettings(amqp_url=vhost.url_for("guest", "wrong"))
    with caplog.at_level(logging.WARNING), opened(settings) as (_, run):
        eventually(lambda: caplog.messages, "a line")
        run.stop.set()
    assert "ACCESS_REFUSED" in caplog.messages[0]
