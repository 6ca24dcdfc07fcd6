"""Consuming: all that has arrived, as one batch, acknowledged when its work is done."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

import pika
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from pipeline.broker.batch import Acks, Delivery
from pipeline.broker.inbox import Inbox, all_filled, any_behind, any_filled, draw
from pipeline.broker.kept_connection import KeptConnection
from pipeline.broker.layout import TopologyParts
from pipeline.broker.observers import Observer
from pipeline.broker.prefetch import MAX_PREFETCH, Prefetch, Speed
from pipeline.run import Run
from pipeline.settings import BrokerSettings

TOGETHER_SECONDS = 0.05  # how long messages wait for matching ones of another queue
POLL_SECONDS = 5.0  # between two questions for how long a queue is
BACKLOG_POLL_SECONDS = 1.0  # the same, while part of the backlog is not taken


class Consumer(KeptConnection):
    """Deliveries of one connection; those un-acked when it is lost simply come again.

    A queue gets more consumers as its messages turn out to be small and quickly done: see Prefetch.
    Only if messages suddenly are so large that its inbox is too full are these cancelled, once: the
    messages on their way go back to the broker, and a consumer that takes few follows when the
    inbox is empty.

    Messages of the `optional` queues come along with the others, which never wait for them. The
    `observers` share the connection.
    """

    def __init__(  # noqa: PLR0913
        self,
        settings: BrokerSettings,
        run: Run,
        queues: tuple[str, ...],
        *,
        optional: tuple[str, ...] = (),
        observers: Sequence[Observer] = (),
        uses: TopologyParts = (),
        max_prefetch: int = MAX_PREFETCH,
    ) -> None:
        super().__init__("consuming", settings, run, uses)
        self._inboxes = {
            queue: Inbox(prefetch=Prefetch(most=max_prefetch)) for queue in (*queues, *optional)
        }
        self._queues, self._optional = queues, optional
        self._observers = observers
        self._channels: dict[str, Channel] = {}
        self._speed = Speed()

    @property
    def caught_up(self) -> bool:
        """True if all is taken that waited in the queues at the connection, or at a later look."""
        return all(inbox.backlog == 0 for inbox in self._inboxes.values())

    def take(
        self, dependent: Collection[str], idle_seconds: float
    ) -> tuple[list[Delivery], Callable[[], None], Acks]:
        """Waits for at least one delivery; returns the deliveries, and what acks all, or some.

        Returns none after `idle_seconds`, and on a stop. Deliveries of a dependent queue wait up to
        TOGETHER_SECONDS for others, and all wait as long for what is on its way from a queue.
        """
        inboxes = [self._inboxes[queue] for queue in self._queues]
        independent = [self._inboxes[queue] for queue in self._queues if queue not in dependent]
        optional = [self._inboxes[queue] for queue in self._optional]
        if self._speed.done():
            self.call(self._consume_more)
        with self.changed:
            self.wait_until(lambda: any_filled(inboxes + optional), idle_seconds)
            # A moment's patience saves work: halves that come together are joined in memory, one
            # that comes alone is stored and looked up again. It ends as soon as it gains nothing.
            self.wait_until(
                lambda: (
                    all_filled(inboxes) or (any_filled(independent) and not any_behind(inboxes))
                ),
                TOGETHER_SECONDS,
            )
            taken = draw(inboxes, independent, optional)
            self._speed.begin(sum(len(delivery.body) for delivery in taken))
            if any(inbox.wants_consumer for inbox in inboxes + optional):
                self.call(self._consume_more)
            # An ack belongs to the connection that delivered the messages. It holds no bodies.
            last_tags = {delivery.queue: delivery.tag for delivery in taken}
            channels = dict(self._channels)
            ack_all = partial(self.call, partial(self._ack, channels, last_tags))
            return taken, ack_all, lambda some: self.call(partial(self._ack_each, channels, some))

    # From here on, everything runs in the thread of the connection.

    def _on_open(self, connection: pika.SelectConnection) -> None:
        # One channel per queue: a `multiple` ack covers every consumer of its channel.
        for queue in self._inboxes:
            connection.channel(on_open_callback=partial(self._on_channel, queue))
        connection.channel(on_open_callback=partial(self._keep_looking, connection))
        for observer in self._observers:
            observer.open(connection, self._drop)

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
            seconds = POLL_SECONDS if self.caught_up else BACKLOG_POLL_SECONDS
            connection.ioloop.call_later(seconds, look)

        channel.add_on_close_callback(lambda _, reason: self._drop(f"a look: {reason}"))
        connection.ioloop.call_later(BACKLOG_POLL_SECONDS, look)

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
            routing_key, again = method.routing_key or "", bool(method.redelivered)
            inbox.put(Delivery(queue, tag, body, properties, routing_key, again))
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
        for observer in self._observers:
            observer.close()
        for inbox in self._inboxes.values():
            inbox.clear()

    @staticmethod
    def _ack(channels: dict[str, Channel], last_tags: dict[str, int]) -> None:
        for queue, tag in last_tags.items():
            if channels[queue].is_open:
                channels[queue].basic_ack(tag, multiple=True)

    @staticmethod
    def _ack_each(channels: dict[str, Channel], tags: Iterable[tuple[str, int]]) -> None:
        for queue, tag in tags:
            if channels[queue].is_open:
                channels[queue].basic_ack(tag)
