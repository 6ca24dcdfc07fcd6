"""Consuming: whatever has arrived, as one batch, acknowledged when its work is done."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pika
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from pipeline.broker.batch import Delivery
from pipeline.broker.link import Link
from pipeline.broker.topology import CHANGES, Uses
from pipeline.run import Run
from pipeline.settings import BrokerSettings

PREFETCH_MESSAGES = 400  # of a queue, un-acked at most
INBOX_BYTES = 48 * 2**20  # of a queue, arrived and not yet taken, about: 400 messages can be large
# Bodies in one batch, about. A row can be as short as 4 bytes: this bounds the rows, and so the
# memory that their work takes and the time until a service can stop.
BATCH_BYTES = 256 * 2**10
TOGETHER_SECONDS = 0.05  # how long messages wait for those of another queue that belong to them
WATCH_SECONDS = 0.1  # between two looks at how long a queue is


@dataclass(slots=True)
class Inbox:
    """What has arrived from one queue, and is not yet taken."""

    deliveries: deque[Delivery] = field(default_factory=deque)
    size: int = 0  # bytes of their bodies
    consumer_tag: str | None = None  # None while there is no consumer

    @property
    def wants_consumer(self) -> bool:
        return self.consumer_tag is None and not self.deliveries

    def put(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.size += len(delivery.body)

    def take(self) -> Delivery:
        """The oldest."""
        delivery = self.deliveries.popleft()
        self.size -= len(delivery.body)
        return delivery

    def clear(self) -> None:
        self.deliveries.clear()
        self.size, self.consumer_tag = 0, None


class Consumer(Link):
    """Deliveries of one connection; those un-acked when it is lost simply come again.

    A queue whose inbox is full has its consumer cancelled, until the inbox is empty: what was on
    its way goes back to the broker. Messages of the queues `beside` come along with the
    others, which never wait for them. Of the watched queues nothing is taken: `depths` has how many
    messages wait in each, and is empty while there is no connection. `on_change` is called, in the
    thread of the connection, when another model is to answer, and when that may have been missed.
    """

    def __init__(  # noqa: PLR0913
        self,
        settings: BrokerSettings,
        run: Run,
        queues: tuple[str, ...],
        *,
        beside: tuple[str, ...] = (),
        watched: tuple[str, ...] = (),
        uses: Uses = (),
        on_change: Callable[[], None] | None = None,
    ) -> None:
        super().__init__("consuming", settings, run, uses)
        self._inboxes = {queue: Inbox() for queue in (*queues, *beside)}
        self._queues, self._beside = queues, beside
        self._channels: dict[str, Channel] = {}
        self._watched = watched
        self._on_change = on_change
        self.depths: dict[str, int] = {}

    def take(
        self, paused: Collection[str], needy: Collection[str], idle_seconds: float
    ) -> tuple[list[Delivery], Callable[[], None]]:
        """Waits for at least one delivery of a queue that is not paused; also their ack.

        Comes back with none after `idle_seconds`, and on a stop. Those of a needy queue wait for
        others for TOGETHER_SECONDS; where others are, no more of it are taken than of these.
        """
        inboxes = [self._inboxes[queue] for queue in self._queues if queue not in paused]
        able = [self._inboxes[queue] for queue in self._queues if queue not in {*paused, *needy}]
        beside = [self._inboxes[queue] for queue in self._beside]
        with self.changed:
            self.wait_until(lambda: _any(inboxes + beside), idle_seconds)
            self.wait_until(lambda: _any(able) or _all(inboxes), TOGETHER_SECONDS)
            taken = _draw(inboxes, able, beside)
            if any(inbox.wants_consumer for inbox in inboxes + beside):
                self.call(self._consume_again)
            # An ack belongs to the connection that its deliveries came by. It holds no bodies.
            last_tags = {delivery.queue: delivery.tag for delivery in taken}
            return taken, partial(self.call, partial(self._ack, dict(self._channels), last_tags))

    # From here on, in the thread of the connection.

    def _on_open(self, connection: pika.SelectConnection) -> None:
        # A channel per queue: an ack of `multiple` speaks for every consumer of its channel.
        for queue in self._inboxes:
            connection.channel(on_open_callback=partial(self._on_channel, queue))
        for queue in self._watched:
            connection.channel(on_open_callback=partial(self._watch, connection, queue))
        if self._on_change is not None:
            connection.channel(on_open_callback=partial(self._listen, self._on_change))

    def _listen(self, on_change: Callable[[], None], channel: Channel) -> None:
        """By a queue that lives as long as the connection; what was said before is lost."""

        def bind(frame: Method[Any]) -> None:
            channel.queue_bind(frame.method.queue, CHANGES, callback=partial(listen, frame))

        def listen(declared: Method[Any], _: Method[Any]) -> None:
            channel.basic_consume(declared.method.queue, lambda *_: on_change(), auto_ack=True)
            on_change()

        channel.add_on_close_callback(lambda _, reason: self._drop(f"{CHANGES}: {reason}"))
        channel.queue_declare("", exclusive=True, callback=bind)

    def _watch(self, connection: pika.SelectConnection, queue: str, channel: Channel) -> None:
        def look() -> None:
            if channel.is_open:
                channel.queue_declare(queue, passive=True, callback=note)

        def note(frame: Method[Any]) -> None:
            self.depths[queue] = frame.method.message_count
            connection.ioloop.call_later(WATCH_SECONDS, look)

        channel.add_on_close_callback(lambda _, reason: self._drop(f"{queue}: {reason}"))
        look()

    def _on_channel(self, queue: str, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _, reason: self._drop(f"{queue}: {reason}"))
        channel.add_on_cancel_callback(lambda _: self._drop(f"queue {queue} was deleted"))
        channel.basic_qos(prefetch_count=PREFETCH_MESSAGES)
        self._channels[queue] = channel
        self._consume(queue)
        if len(self._channels) == len(self._inboxes):
            self._up()

    def _consume(self, queue: str) -> None:
        channel = self._channels[queue]
        self._inboxes[queue].consumer_tag = channel.basic_consume(
            queue, partial(self._on_message, queue)
        )

    def _consume_again(self) -> None:
        for queue, inbox in self._inboxes.items():
            channel = self._channels.get(queue)
            if inbox.wants_consumer and channel is not None and channel.is_open:
                self._consume(queue)

    def _on_message(
        self,
        queue: str,
        channel: Channel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        tag: int = method.delivery_tag  # type: ignore[assignment]  # of a delivery, never None
        inbox = self._inboxes[queue]
        with self.changed:
            inbox.put(Delivery(queue, tag, body, properties, method.routing_key or ""))
            if inbox.size >= INBOX_BYTES and inbox.consumer_tag is not None:
                channel.basic_cancel(inbox.consumer_tag)  # from now on the client rejects the rest
                inbox.consumer_tag = None
            if len(inbox.deliveries) == 1:  # to wake the service for each would cost more than it
                self.changed.notify_all()

    def _on_down(self) -> None:
        self._channels = {}
        self.depths = {}
        for inbox in self._inboxes.values():
            inbox.clear()

    @staticmethod
    def _ack(channels: dict[str, Channel], last_tags: dict[str, int]) -> None:
        for queue, tag in last_tags.items():
            if channels[queue].is_open:
                channels[queue].basic_ack(tag, multiple=True)


def _any(inboxes: list[Inbox]) -> bool:
    return any(inbox.deliveries for inbox in inboxes)


def _all(inboxes: list[Inbox]) -> bool:
    return all(inbox.deliveries for inbox in inboxes)


def _draw(inboxes: list[Inbox], able: list[Inbox], beside: list[Inbox]) -> list[Delivery]:
    """One of each in turn; where all had some, and one is empty, on from those able alone.

    Those beside have a turn in any case.
    """
    taken: list[Delivery] = []
    size, together, turns = 0, _all(inboxes), inboxes + beside
    while size < BATCH_BYTES and _any(turns):
        for inbox in turns:
            if inbox.deliveries:
                taken.append(inbox.take())
                size += len(taken[-1].body)
        if together and not _all(inboxes):
            turns = able + beside
    return taken
