"""Consuming: whatever has arrived, as one batch, acknowledged when its work is done."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import pika
from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from pipeline.broker.link import Link
from pipeline.messages import DeadLetter, Message, Schema
from pipeline.run import Run
from pipeline.settings import BrokerSettings

PREFETCH_MESSAGES = 400  # of a queue, un-acked at most: bounds the memory of large batches
BATCH_BYTES = 4 * 2**20  # bodies in one batch, about: bounds the memory that its work takes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came."""

    queue: str
    tag: int
    body: bytes
    properties: BasicProperties


@dataclass(frozen=True, slots=True)
class Batch:
    """What had arrived: deliveries in the order of each queue; may be empty after an idle time."""

    deliveries: list[Delivery]
    ack: Callable[[], None]
    ack_when_confirmed: Callable[[], None]

    def decode(self, schema: Schema[T]) -> tuple[list[Message[T]], list[DeadLetter]]:
        """The good messages, and a dead letter for each message or row that is not."""
        good: list[Message[T]] = []
        bad: list[DeadLetter] = []
        for delivery in self.deliveries:
            message, errors = schema.decode(delivery.body)
            if message is not None:
                good.append(_with_properties(message, delivery))
            bad += [DeadLetter(error.raw, str(error), delivery.queue) for error in errors]
        return good, bad


def _with_properties(message: Message[T], delivery: Delivery) -> Message[T]:
    headers = delivery.properties.headers or {}
    return replace(
        message,
        queue=delivery.queue,
        raw=delivery.body,
        timestamp_in_ms=_time_in_ms(headers.get("timestamp_in_ms")),
        features_timestamp_in_ms=_time_in_ms(headers.get("features_timestamp_in_ms")),
        reply_to=delivery.properties.reply_to,
        correlation_id=delivery.properties.correlation_id,
    )


def _time_in_ms(value: Any) -> int | None:
    """A header is whatever its sender put there: not a time is no time."""
    return value if type(value) is int and 0 <= value < 2**53 else None


class Consumer(Link):
    """Deliveries of one connection; those un-acked when it is lost simply come again."""

    def __init__(self, settings: BrokerSettings, run: Run, queues: tuple[str, ...]) -> None:
        super().__init__("consuming", settings, run, ())
        self._inbox: dict[str, deque[Delivery]] = {queue: deque() for queue in queues}
        self._channels: dict[str, Channel] = {}

    def take(
        self, paused: Collection[str], idle_seconds: float
    ) -> tuple[list[Delivery], Callable[[], None]]:
        """Waits for at least one delivery of a queue that is not paused; also their ack.

        Comes back with none after `idle_seconds`, and on a stop.
        """
        open_queues = [queue for queue in self._inbox if queue not in paused]
        with self.changed:
            self.wait_until(lambda: any(self._inbox[queue] for queue in open_queues), idle_seconds)
            taken: list[Delivery] = []
            for queue in open_queues:
                taken += self._take_from(self._inbox[queue], BATCH_BYTES // len(open_queues))
            # acks belong to the connection that the deliveries came by
            return taken, partial(self.call, partial(self._ack, dict(self._channels), taken))

    @staticmethod
    def _take_from(inbox: deque[Delivery], most_bytes: int) -> list[Delivery]:
        taken, size = [], 0
        while inbox and size < most_bytes:
            taken.append(inbox.popleft())
            size += len(taken[-1].body)
        return taken

    # From here on, in the thread of the connection.

    def _on_open(self, connection: pika.SelectConnection) -> None:
        # A channel per queue: an ack of `multiple` speaks for every consumer of its channel.
        for queue in self._inbox:
            connection.channel(on_open_callback=partial(self._on_channel, queue))

    def _on_channel(self, queue: str, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _, reason: self._drop(f"{queue}: {reason}"))
        channel.add_on_cancel_callback(lambda _: self._drop(f"queue {queue} was deleted"))
        channel.basic_qos(prefetch_count=PREFETCH_MESSAGES)
        channel.basic_consume(queue, partial(self._on_message, queue))
        self._channels[queue] = channel
        if len(self._channels) == len(self._inbox):
            self._up()

    def _on_message(
        self,
        queue: str,
        _: Channel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        tag: int = method.delivery_tag  # type: ignore[assignment]  # of a delivery, never None
        with self.changed:
            self._inbox[queue].append(Delivery(queue, tag, body, properties))
            self.changed.notify_all()

    def _on_down(self) -> None:
        self._channels = {}
        for inbox in self._inbox.values():
            inbox.clear()

    @staticmethod
    def _ack(channels: dict[str, Channel], deliveries: list[Delivery]) -> None:
        last_tags = {delivery.queue: delivery.tag for delivery in deliveries}
        for queue, tag in last_tags.items():
            if channels[queue].is_open:
                channels[queue].basic_ack(tag, multiple=True)
