"""What a message is on the wire, and which ones arrive."""

import struct
import time
from typing import Any

import pika
import pika.data
import pytest

from pipeline.messages import DeadLetter, Message
from pipeline.settings import BrokerSettings
from support.broker_client import collecting, labels, opened
from support.vhost import Vhost
from support.waiting import eventually


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


@pytest.fixture
def mine(vhost: Vhost) -> str:
    """A queue that may be named as `reply_to`."""
    with vhost.channel() as channel:
        channel.exchange_declare("replies", "direct", durable=True)
        channel.queue_declare("mine")
        channel.queue_bind("mine", "replies", "mine")
    return "mine"


def test_an_answer_goes_to_who_asked_and_it_is_no_error_that_nobody_did(
    broker_settings: BrokerSettings, vhost: Vhost, mine: str
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish(
            "y_pred",
            [
                Message(["a"], [2.0], reply_to=mine, correlation_id="c-1"),
                Message(["b"], [2.0], reply_to="nobody"),
                Message(["c"], [2.0]),
            ],
        )
        broker.flush()
    properties, body = vhost.wait_for(mine)
    assert (properties.correlation_id, body) == ("c-1", b'{"id":"a","body":2.0}')
    assert vhost.depth(mine) == 0
    assert vhost.depth("y_pred") == 3


def test_who_asked_hears_that_there_is_no_answer_and_of_no_other_dead_letter(
    broker_settings: BrokerSettings, vhost: Vhost, mine: str
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.dead_letter(
            [
                DeadLetter(b"a", "no number", "features", mine, "c-1"),
                DeadLetter(b"b", "no number", "features"),
                DeadLetter(b"c", "no number", "features", "nobody"),
                DeadLetter(b"d", "not an answer", "answers", mine),
                DeadLetter(b"e", "not a label", "y_true", mine),
            ]
        )
        broker.flush()
    properties, body = vhost.wait_for(mine)
    assert (properties.correlation_id, body) == ("c-1", b"a")
    assert properties.headers["x-reason"] == "no number"
    assert vhost.depth(mine) == 0
    assert vhost.depth("dead_letters") == 5


def test_a_full_queue_is_told_once_and_what_waits_for_it_is_sent(
    broker_settings: BrokerSettings, vhost: Vhost, caplog: pytest.LogCaptureFixture
) -> None:
    with vhost.channel() as channel:
        arguments = {"x-max-length": 3, "x-overflow": "reject-publish"}
        channel.queue_declare("y_true", durable=True, arguments=arguments)
    refused = "the broker refused messages"
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels(*map(str, range(12))))
        eventually(lambda: refused in caplog.text, "a warning")
        found: set[bytes] = set()
        while len(found) < 12:
            found.add(vhost.wait_for("y_true")[1])
        broker.flush()
    assert caplog.text.count(refused) == 1
