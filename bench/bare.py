"""What the client library does as it is: our three processes, with nothing between the messages.

`python bare.py publisher|worker|sink URL [ROWS|COUNTER]`. Each has one thread, bodies that never
change, and one BasicProperties for each kind of message, as large as ours. A row is as many
publishes, confirms and deliveries as with ours; an ack speaks for what arrived at one time.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.spec import BasicProperties

STREAMS = ("features", "y_true", "y_pred")
WINDOW, PREFETCH = 1000, 400  # messages, as with ours
COUNTER_SECONDS = 0.02

_ID = "01a20082-5fca-75b5-bace-2712c4cc8a73"
_FEATURES = [0.0126481372762872, 0.0506801187398187, -0.02021751109626, -0.00222757398619799]
_FEATURES += [0.0383336730676214, 0.05317395492516, -0.0065844675735417, 0.0343088588777263]
_FEATURES += [-0.00514219801, -0.0093619113301358]


def _body(value: object) -> bytes:
    return json.dumps({"id": _ID, "body": value}, separators=(",", ":")).encode()


BODIES = {"features": _body(_FEATURES), "y_true": _body(310.0), "y_pred": _body(250.82026859728768)}


def _properties(app_id: str, *times: str) -> BasicProperties:
    return BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=_ID,
        timestamp=1_800_000_000,
        app_id=app_id,
        headers=dict.fromkeys(times, 1_800_000_000_000),
    )


PROPERTIES = {
    "features": _properties("features", "timestamp_in_ms"),
    "y_true": _properties("features", "timestamp_in_ms"),
    "y_pred": _properties("model", "timestamp_in_ms", "features_timestamp_in_ms"),
}


def declare(url: str) -> None:
    """Exchanges and durable queues, as ours."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for queue in STREAMS:
            channel.exchange_declare(f"edge.{queue}", "fanout", durable=True)
            channel.queue_declare(queue, durable=True)
            channel.queue_bind(queue, f"edge.{queue}")


def connect(url: str, loop: IOLoop, on_channel: Callable[[Channel], object], count: int) -> None:
    """Opens a connection with so many channels."""

    def on_open(connection: pika.SelectConnection) -> None:
        for _ in range(count):
            connection.channel(on_open_callback=on_channel)

    def on_end(_: pika.SelectConnection, reason: BaseException) -> None:
        raise reason

    pika.SelectConnection(
        pika.URLParameters(url),
        on_open_callback=on_open,
        on_open_error_callback=on_end,
        on_close_callback=on_end,
        custom_ioloop=loop,
    )


class Confirms:
    """Publishes on a channel, and knows which of its messages are not confirmed."""

    def __init__(self, channel: Channel, on_ready: Any, on_confirmed: Callable[[], None]) -> None:
        self.channel = channel
        self.outstanding: dict[int, None] = {}
        self.last_tag = 0
        self._on_confirmed = on_confirmed
        channel.confirm_delivery(self._on_confirm, callback=on_ready)

    def publish(self, queue: str) -> None:
        self.last_tag += 1
        self.outstanding[self.last_tag] = None
        body, properties = BODIES[queue], PROPERTIES[queue]
        self.channel.basic_publish(f"edge.{queue}", queue, body, properties, mandatory=True)

    def _on_confirm(self, frame: Any) -> None:
        tag = frame.method.delivery_tag
        if not frame.method.multiple:
            del self.outstanding[tag]
        while frame.method.multiple and self.outstanding:
            first = next(iter(self.outstanding))
            if first > tag:
                break
            del self.outstanding[first]
        self._on_confirmed()


def publisher(url: str, loop: IOLoop, rows: str) -> None:
    """Keeps WINDOW messages unconfirmed, until so many rows are out."""
    last = 2 * int(rows)

    def on_channel(channel: Channel) -> None:
        def fill() -> None:
            while len(confirms.outstanding) < WINDOW and confirms.last_tag < last:
                confirms.publish("y_true")
                confirms.publish("features")

        confirms = Confirms(channel, lambda _: fill(), fill)

    connect(url, loop, on_channel, 1)


def worker(url: str, loop: IOLoop) -> None:
    """Answers each message, on a second connection, and acks what has its answer confirmed."""

    def on_publishing(publishing: Channel) -> None:
        ackers: list[Acker] = []

        def on_consuming(consuming: Channel) -> None:
            ackers.append(Acker(consuming, loop))
            consuming.basic_qos(prefetch_count=PREFETCH)
            consuming.basic_consume("features", lambda *_: confirms.publish("y_pred"))

        def on_confirmed() -> None:
            # both channels count from 1: the answer to delivery n is publish n
            ackers[0].ack_later(next(iter(confirms.outstanding), confirms.last_tag + 1) - 1)

        on_ready = partial(connect, url, loop, on_consuming, 1)
        confirms = Confirms(publishing, lambda _: on_ready(), on_confirmed)

    connect(url, loop, on_publishing, 1)


class Acker:
    """One ack for all that came by in one turn of the loop."""

    def __init__(self, channel: Channel, loop: IOLoop) -> None:
        self._channel = channel
        self._loop = loop
        self._acked = self._tag = 0
        self._is_due = False

    def ack_later(self, tag: int) -> None:
        self._tag = tag
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(0, self._ack)

    def _ack(self) -> None:
        self._is_due = False
        if self._tag > self._acked:
            self._channel.basic_ack(self._tag, multiple=True)
            self._acked = self._tag


def sink(url: str, loop: IOLoop, counter: str) -> None:
    """Takes both halves of the rows, and keeps their number in the file `counter`."""
    arrived: dict[str, int] = {}
    queues = ["y_true", "y_pred"]
    file = os.open(counter, os.O_WRONLY | os.O_CREAT)

    def on_channel(channel: Channel) -> None:
        queue, acker = queues.pop(), Acker(channel, loop)
        arrived[queue] = 0

        def on_message(_: Channel, method: Any, __: BasicProperties, ___: bytes) -> None:
            arrived[queue] += 1
            acker.ack_later(method.delivery_tag)

        channel.basic_qos(prefetch_count=PREFETCH)
        channel.basic_consume(queue, on_message)

    def tell() -> None:
        os.pwrite(file, b"%20d" % min(arrived.values(), default=0), 0)
        loop.call_later(COUNTER_SECONDS, tell)

    connect(url, loop, on_channel, 2)
    tell()


def main(role: str, url: str, *more: str) -> None:
    loop = IOLoop()
    roles: dict[str, Callable[..., None]] = {"publisher": publisher, "worker": worker, "sink": sink}
    roles[role](url, loop, *more)
    loop.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
