"""The broker package against a real RabbitMQ."""

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.data
import pytest

from pipeline.broker import Batch, Broker
from pipeline.errors import BrokerError
from pipeline.messages import VALUES, DeadLetter, Message
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from support import Vhost, eventually


@contextmanager
def opened(settings: BrokerSettings, **options: list[int]) -> Iterator[tuple[Broker, Run]]:
    run = Run("tester")
    with Broker(settings, run, **options) as broker:
        yield broker, run


def labels(*ids: str) -> list[Message[float]]:
    return [Message([row_id], [1.5]) for row_id in ids]


@contextmanager
def consuming(
    settings: BrokerSettings, queue: str, handle: Callable[[Batch], None]
) -> Iterator[None]:
    """Consumes in a thread, as a service does in its process."""
    run = Run("consumer")

    def main() -> None:
        with Broker(settings, run) as broker:
            for batch in broker.consume(queue):
                handle(batch)

    thread = threading.Thread(target=main)
    thread.start()
    try:
        yield
    finally:
        run.stop.set()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def collecting(settings: BrokerSettings, queue: str) -> Iterator[list[str]]:
    """The ids that arrive, acknowledged."""
    arrived: list[str] = []

    def handle(batch: Batch) -> None:
        messages, _ = batch.decode(VALUES)
        arrived.extend(str(row_id) for message in messages for row_id in message.ids)
        batch.ack()

    with consuming(settings, queue, handle):
        yield arrived


def test_a_message_arrives_with_its_properties(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    before = time.time()
    with opened(broker_settings) as (broker, _):
        broker.publish("y_pred", [Message([7.0], [151.25], features_timestamp_in_ms=12)])
        broker.flush()
    properties, body = vhost.wait_for("y_pred")
    assert body == b'{"id":7.0,"body":151.25}'
    assert properties.message_id == "7"
    assert properties.content_type == "application/json"
    assert properties.delivery_mode == 2
    assert properties.app_id == "tester"
    assert properties.headers["features_timestamp_in_ms"] == 12
    assert before * 1000 - 1 <= properties.headers["timestamp_in_ms"] <= time.time() * 1000
    assert int(before) <= properties.timestamp <= time.time()


def test_whoever_binds_a_queue_to_an_edge_gets_a_copy(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("first"))
        broker.flush()
        with vhost.channel() as channel:
            channel.queue_declare("mine")
            channel.queue_bind("mine", "edge.y_true")
        broker.publish("y_true", labels("second"))
        broker.flush()
    assert (vhost.depth("y_true"), vhost.depth("mine")) == (2, 1)


def test_a_dead_letter_carries_its_body_reason_and_queue(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, run):
        broker.dead_letter([DeadLetter(b"\xff\x00", "not JSON", "features")])
    properties, body = vhost.wait_for("dead_letters")
    assert body == b"\xff\x00"
    assert properties.headers["x-reason"] == "not JSON"
    assert properties.headers["x-source-queue"] == "features"
    assert run.counts["dead_lettered"] == 1


@pytest.mark.parametrize("reason", ["x" * 200_000, "\ud800 alone", "a\nb"])
def test_any_reason_fits_a_dead_letter(
    broker_settings: BrokerSettings, vhost: Vhost, reason: str
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.dead_letter([DeadLetter(b"x", reason, "features")])
        broker.flush()
    properties, _ = vhost.wait_for("dead_letters")
    assert 0 < len(properties.headers["x-reason"]) <= 1000


def nested_arrays(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return value


ODD_HEADERS = {
    "a time in milliseconds": b"T" + struct.pack(">Q", 1_700_000_000_000),
    "arrays in arrays": nested_arrays(5000),
}


@pytest.mark.parametrize("odd", ODD_HEADERS)
def test_a_header_that_cannot_be_read_does_not_block_the_queue(
    broker_settings: BrokerSettings, vhost: Vhost, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_value = pika.data.encode_value

    def encode_odd(pieces: list[bytes], value: Any) -> int:
        if value != "odd":
            return int(encode_value(pieces, value))
        pieces.append(ODD_HEADERS[odd])
        return len(ODD_HEADERS[odd])

    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a"))
        broker.flush()
    monkeypatch.setattr(pika.data, "encode_value", encode_odd)
    vhost.put("y_true", b'{"id":"b","body":1}', headers={"first": "odd", "second": [1, "odd", 2]})
    monkeypatch.undo()
    with collecting(broker_settings, "y_true") as arrived:
        eventually(lambda: arrived == ["a", "b"], "both")


def test_an_answer_goes_to_the_reply_queue_and_a_vanished_one_is_no_error(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_pred", labels("x"))
        broker.flush()
        with vhost.channel() as channel:
            channel.queue_declare("mine")
            channel.queue_bind("mine", "replies", "mine")
        broker.reply(
            [
                Message(["a"], [2.0], reply_to="mine", correlation_id="c-1"),
                Message(["b"], [2.0], reply_to="nobody"),
                Message(["c"], [2.0]),
            ]
        )
        broker.flush()
    properties, body = vhost.wait_for("mine")
    assert (properties.correlation_id, body) == ("c-1", b'{"id":"a","body":2.0}')
    assert vhost.depth("mine") == 0


def test_nothing_is_lost_when_the_broker_closes_all_connections(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    sent = [str(number) for number in range(4000)]
    with collecting(broker_settings, "y_true") as arrived, opened(broker_settings) as (broker, _):
        for start in range(0, len(sent), 100):
            if start % 2000 == 500:
                eventually(vhost.close_connections, "connections to close")
            broker.publish("y_true", labels(*sent[start : start + 100]))
        broker.flush()
        eventually(lambda: set(arrived) == set(sent), "all ids")


def test_a_deleted_queue_is_declared_again(broker_settings: BrokerSettings, vhost: Vhost) -> None:
    with collecting(broker_settings, "y_true") as arrived, opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("before"))
        eventually(lambda: "before" in arrived, "the first")
        with vhost.channel() as channel:
            channel.queue_delete("y_true")
        broker.publish("y_true", labels("after"))
        broker.flush()
        eventually(lambda: "after" in arrived, "the second")


def test_an_unroutable_message_waits_until_a_queue_takes_it(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a"))
        broker.flush()
        with vhost.channel() as channel:
            channel.queue_unbind("y_true", "edge.y_true", "y_true")
        broker.publish("y_true", labels("b", "c"))
        broker.flush()
    assert vhost.depth("y_true") >= 3


def test_what_is_not_acknowledged_comes_again(broker_settings: BrokerSettings) -> None:
    seen: list[int] = []

    def leave(batch: Batch) -> None:
        seen.append(len(batch.deliveries))

    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a", "b"))
        broker.flush()
    with consuming(broker_settings, "y_true", leave):
        eventually(lambda: sum(seen) == 2, "both")
    with collecting(broker_settings, "y_true") as arrived:
        eventually(lambda: sorted(arrived) == ["a", "b"], "both again")


def test_a_batch_is_acknowledged_once_what_came_of_it_is_confirmed(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, run):
        broker.publish("features", labels(*map(str, range(300))))
        broker.flush()
        done = 0
        for batch in broker.consume("features"):
            messages, _ = batch.decode(VALUES)
            broker.publish("y_pred", messages)
            batch.ack_when_confirmed()
            done += len(messages)
            if done == 300:
                run.stop.set()
    assert (vhost.depth("features"), vhost.depth("y_pred")) == (0, 300)


def test_a_paused_queue_holds_its_messages_and_the_other_goes_on(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    arrived: list[str] = []
    with opened(broker_settings) as (broker, run):
        broker.publish("y_true", labels(*map(str, range(50))))
        broker.publish("y_pred", labels("p"))
        broker.flush()
        for batch in broker.consume("y_true", "y_pred", paused=lambda: ["y_true"]):
            messages, _ = batch.decode(VALUES)
            arrived += [message.queue for message in messages]
            batch.ack()
            run.stop.set()
    assert arrived == ["y_pred"]
    assert eventually(lambda: vhost.depth("y_true") == 50, "the paused messages to be back")


def test_an_idle_consumer_comes_by(broker_settings: BrokerSettings) -> None:
    with opened(broker_settings) as (broker, run):
        for batch in broker.consume("y_true", idle_seconds=0.1):
            assert batch.deliveries == []
            batch.ack()
            run.stop.set()


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
    monkeypatch.setattr("pipeline.broker.link.HANDSHAKE_SECONDS", 0.5)
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

    with pytest.raises(BrokerError, match="gone"):
        consume()


def test_a_wrong_password_is_said_so(vhost: Vhost, caplog: pytest.LogCaptureFixture) -> None:
    settings = BrokerSettings(amqp_url=vhost.url_for("guest", "wrong"))
    with caplog.at_level(logging.WARNING), opened(settings) as (_, run):
        eventually(lambda: caplog.messages, "a line")
        run.stop.set()
    assert "ACCESS_REFUSED" in caplog.messages[0]
