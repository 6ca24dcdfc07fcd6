"""Consuming: all that has arrived, as one batch, acknowledged when its work is done."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pika
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from pipeline.broker.batch import Delivery
from pipeline.broker.inbox import Inbox, all_have, any_behind, any_has, draw
from pipeline.broker.kept_connection import Link
from pipeline.broker.prefetch import Speed
from pipeline.broker.topology import CHANGES, Uses
from pipeline.run import Run
from pipeline.settings import BrokerSettings

TOGETHER_SECONDS = 0.05  # how long messages wait for matching ones of another queue
WATCH_SECONDS = 0.1  # between two looks at how long a queue is
BACKLOG_SECONDS = 1.0  # the same, while part of the backlog is not taken
LOOK_SECONDS = 5.0  # the same, once it is taken


class Consumer(Link):
    """Deliveries of one connection; those un-acked when it is lost simply come again.

    A queue gets more consumers as its messages turn out to be small and quickly done: see Prefetch.
    Only if messages suddenly are so large that its inbox is too full are these cancelled, once: the
    messages on their way go back to the broker, and a consumer that takes few follows when the
    inbox is empty.

    Messages of the queues `beside` come along with the others, which never wait for them. Nothing
    is taken from the watched queues: `depths` holds how many messages wait in each, and is empty
    while there is no connection. `on_change` is called, in the thread of the connection, when
    another model is to answer, and when such a change may have been missed.
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
        self._speed = Speed()

    @property
    def caught_up(self) -> bool:
        """True if all is taken that waited in the queues at the connection, or at a later look."""
        return all(inbox.backlog == 0 for inbox in self._inboxes.values())

    def take(
        self, needy: Collection[str], idle_seconds: float
    ) -> tuple[list[Delivery], Callable[[], None]]:
        """Waits for at least one delivery; returns the deliveries, and a function that acks them.

        Returns none after `idle_seconds`, and on a stop. Deliveries of a needy queue wait up to
        TOGETHER_SECONDS for others, and all wait as long for what is on its way from a queue.
        """
        inboxes = [self._inboxes[queue] for queue in self._queues]
        able = [self._inboxes[queue] for queue in self._queues if queue not in needy]
        beside = [self._inboxes[queue] for queue in self._beside]
        if self._speed.done():
            self.call(self._consume_more)
        with self.changed:
            self.wait_until(lambda: any_has(inboxes + beside), idle_seconds)
            self.wait_until(
                lambda: all_have(inboxes) or (any_has(able) and not any_behind(inboxes)),
                TOGETHER_SECONDS,
            )
            taken = draw(inboxes, able, beside)
            self._speed.begin(sum(len(delivery.body) for delivery in taken))
            if any(inbox.wants_consumer for inbox in inboxes + beside):
                self.call(self._consume_more)
            # An ack belongs to the connection that delivered the messages. It holds no bodies.
            last_tags = {delivery.queue: delivery.tag for delivery in taken}
            return taken, partial(self.call, partial(self._ack, dict(self._channels), last_tags))

    # From here on, everything runs in the thread of the connection.

    def _on_open(self, connection: pika.SelectConnection) -> None:
        # One channel per queue: a `multiple` ack covers every consumer of its channel.
        for queue in self._inboxes:
            connection.channel(on_open_callback=partial(self._on_channel, queue))
        connection.channel(on_open_callback=partial(self._keep_looking, connection))
        for queue in self._watched:
            connection.channel(on_open_callback=partial(self._watch, connection, queue))
        if self._on_change is not None:
            connection.channel(on_open_callback=partial(self._listen, self._on_change))

    def _listen(self, on_change: Callable[[], None], channel: Channel) -> None:
        """Listens by a queue that lives as long as the connection; what was said before is lost."""

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
        self._channels[queue] = channel
        self._look(queue, channel)  # answered before the first message is sent
        self._consume(queue, self._inboxes[queue].prefetch.messages)
        if len(self._channels) == len(self._inboxes):
            self._up()

    def _look(self, queue: str, channel: Channel) -> None:
        """Asks how many messages wait in the queue."""

        def note(frame: Method[Any]) -> None:
            with self.changed:
                self._inboxes[queue].note_depth(frame.method.message_count)

        if channel.is_open:
            channel.queue_declare(queue, passive=True, callback=note)

    def _keep_looking(self, connection: pika.SelectConnection, channel: Channel) -> None:
        """Looks on a channel of its own: on others an answer comes after all that was sent."""

        def look() -> None:
            for queue in self._inboxes:
                self._look(queue, channel)
            seconds = LOOK_SECONDS if self.caught_up else BACKLOG_SECONDS
            connection.ioloop.call_later(seconds, look)

        channel.add_on_close_callback(lambda _, reason: self._drop(f"a look: {reason}"))
        connection.ioloop.call_later(BACKLOG_SECONDS, look)

    def _consume(self, queue: str, messages: int) -> None:
        """Takes `messages` more messages, by a further consumer."""
        channel, inbox = self._channels[queue], self._inboxes[queue]

        def note(_: Method[Any]) -> None:
            with self.changed:
                inbox.awaited -= 1
                if inbox.is_too_full:
                    self._give_back(channel, inbox)

        inbox.awaited += 1
        channel.basic_qos(prefetch_count=messages)  # for later consumers
        on_message = partial(self._on_message, queue)
        inbox.consumer_tags.append(channel.basic_consume(queue, on_message, callback=note))

    def _consume_more(self) -> None:
        """Asks for more messages: after a give-back, or once the first batch is done."""
        for queue, channel in self._channels.items():
            inbox = self._inboxes[queue]
            if channel.is_open and inbox.wants_consumer:
                self._consume(queue, inbox.prefetch.messages)
            elif channel.is_open and (more := inbox.prefetch.more(self._speed.bytes_a_second)):
                self._consume(queue, more)

    def _on_message(
        self,
        queue: str,
        channel: Channel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        tag: int = method.delivery_tag  # type: ignore[assignment]  # never None in a delivery
        inbox = self._inboxes[queue]
        with self.changed:
            inbox.put(Delivery(queue, tag, body, properties, method.routing_key or ""))
            inbox.prefetch.note(len(body))
            if inbox.is_too_full:
                self._give_back(channel, inbox)
            elif more := inbox.prefetch.more(self._speed.bytes_a_second):
                self._consume(queue, more)
            if len(inbox.deliveries) == 1:  # to wake the service for each would cost more
                self.changed.notify_all()

    @staticmethod
    def _give_back(channel: Channel, inbox: Inbox) -> None:
        for tag in inbox.consumer_tags:
            channel.basic_cancel(tag)  # from now on the client rejects its messages
        inbox.consumer_tags.clear()
        inbox.prefetch.shrink(max(len(delivery.body) for delivery in inbox.deliveries))

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
