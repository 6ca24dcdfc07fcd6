"""AMQP_URL with more than one node: a dead one is passed by, and one that dies is left."""

import logging
import time
from pathlib import Path

import pytest

from pipeline.settings import BrokerSettings
from rabbitmq import PrivateRabbitMQ
from support.broker_client import collecting, labels, opened
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

DEAD = "amqp://guest:guest@127.0.0.1:1/%2F"


@pytest.fixture(autouse=True)
def _in_the_order_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.broker.kept_connection.random.sample", lambda nodes, _: nodes)


def test_a_dead_node_is_passed_by_at_once(
    vhost: Vhost, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.broker.kept_connection.FIRST_DELAY_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("pipeline.broker.kept_connection.MAX_DELAY_SECONDS", PATIENCE_SECONDS)
    settings = BrokerSettings(amqp_url=f"{DEAD},{vhost.amqp_url}")
    start = time.monotonic()
    with caplog.at_level(logging.INFO), opened(settings) as (broker, _):
        broker.publish("y_true", labels("a"))
        broker.flush()
    assert time.monotonic() - start < PATIENCE_SECONDS / 2, "not after a pause"
    failed, connected, *_ = caplog.messages
    host = vhost.amqp_url.rpartition("@")[2].partition("/")[0]
    assert failed.startswith("publishing: not connected to 127.0.0.1:1 (")
    assert failed.endswith(f"; next try {host} at once")
    assert connected == f"publishing: connected to {host}"


def test_a_pause_comes_after_a_whole_round(caplog: pytest.LogCaptureFixture) -> None:
    settings = BrokerSettings(amqp_url=f"{DEAD},{DEAD},{DEAD}")
    with caplog.at_level(logging.WARNING), opened(settings) as (_, run):
        eventually(lambda: len(caplog.messages) >= 6, "two rounds")
        run.stop.set()
    at_once = [line.endswith(" at once") for line in caplog.messages[:6]]
    assert at_once == [True, True, False] * 2


def test_what_a_killed_node_had_not_confirmed_goes_to_the_next(
    vhost: Vhost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with PrivateRabbitMQ(tmp_path) as dying:
        settings = BrokerSettings(amqp_url=f"{dying.amqp_url},{vhost.amqp_url}")
        with collecting(settings, "y_true") as arrived, opened(settings) as (broker, _):
            broker.publish("y_true", labels("a"))
            eventually(lambda: arrived == ["a"], "what the first node took")
            dying.control("set_vm_memory_high_watermark", "0.00001")  # takes nothing from now on
            broker.publish("y_true", labels("b", "c"))
            eventually(lambda: "short of memory" in caplog.text, "the alarm")
            assert arrived == ["a"]
            dying.kill()
            eventually(lambda: arrived == ["a", "b", "c"], "the rest, by way of the other")
            broker.flush()
